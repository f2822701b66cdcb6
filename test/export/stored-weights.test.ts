import { beforeAll, describe, expect, test } from "vitest";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { storeWeights } from "../../src/export/stored-weights.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import { add, cast, embedding, input, matmul } from "../../src/graph/ops/index.ts";
import { ONNX_DTYPES, type OnnxDtype } from "../../src/model/onnx-layout.ts";
import { random } from "../../src/util/random.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";
import { relativeError } from "../support/errors.ts";

const generator = random(0, "weights");
const normal = (shape: readonly number[]) =>
  tensor(
    "f32",
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => generator.normal()),
  );
const weights: Readonly<Record<string, Tensor<"f32">>> = {
  table: normal([7, 48]),
  matrix: normal([5, 48]),
  bias: normal([5]),
  kernel: normal([1, 5]),
};
const ids = input("ids", "i32", [3]);
const read = (name: string) => input(name, "f32", weights[name]!.shape);
const graph = makeGraph({
  y: add(
    add(matmul(embedding(read("table"), ids), cast(read("matrix"), "f32"), { transB: true }), read("bias")),
    read("kernel"),
  ),
});

async function run(graphToRun: typeof graph, feeds: Readonly<Record<string, Tensor>>) {
  const program = await referenceEngine.compile(graphToRun);
  const { y } = await program.run({ ids: tensor("i32", [3], Int32Array.of(4, 0, 6)), ...feeds });
  return y!.data as Float32Array;
}

describe.each(ONNX_DTYPES)("weights stored as %s", (dtype: OnnxDtype) => {
  let made: Record<string, Tensor>;
  let stored: ReturnType<typeof storeWeights>;
  beforeAll(() => {
    stored = storeWeights(graph, dtype, (name) => Object.hasOwn(weights, name));
    made = Object.assign({}, ...stored.weights.map(({ weight, make }) => make(weights[weight]!)));
  });

  test("are all that the graph reads beside its own inputs", () => {
    expect(Object.keys(made).sort()).toEqual([...stored.graph.inputs.keys()].filter((name) => name !== "ids").sort());
    for (const [name, { dtype, shape }] of Object.entries(made))
      expect(stored.graph.inputs.get(name)).toEqual({ dtype, shape });
  });

  test("give what the weights give, as closely as so few bits can", async () => {
    const limits = { fp32: 1e-6, fp16: 1e-3, int8x2: 2e-3, q8: 2e-2, int8: 4e-2, q4: 0.15 };
    expect(relativeError(await run(stored.graph, made), await run(graph, weights))).toBeLessThan(limits[dtype]);
  });
});

test("matrices and tables take the bits that they are said to", () => {
  const bytes = (dtype: OnnxDtype) => {
    const { weights: kept } = storeWeights(graph, dtype, (name) => Object.hasOwn(weights, name));
    const made = kept
      .filter(({ weight }) => weight === "matrix")
      .flatMap(({ make }) => Object.values(make(weights.matrix!)));
    return made.reduce((sum, { data }) => sum + data.byteLength, 0);
  };
  expect(ONNX_DTYPES.map(bytes)).toEqual([
    5 * 48 * 4,
    5 * 48 * 2,
    5 * (2 * 48 + 4),
    5 * (64 + 8),
    5 * (48 + 4),
    5 * (32 + 8),
  ]);
});
