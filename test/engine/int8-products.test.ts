import { describe, expect, test } from "vitest";
import { int8Products } from "../../src/engine/int8-products.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { withProducts } from "../../src/engine/products.ts";
import { gradients } from "../../src/graph/autodiff.ts";
import { type Graph, makeGraph } from "../../src/graph/graph.ts";
import { cast, input, matmul, mul, reshape, sum, widenInt8 } from "../../src/graph/ops/index.ts";
import { loadModel } from "../../src/model/model.ts";
import { layOutAdapter, trainAdapter } from "../../src/train/trained.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import { random } from "../../src/util/random.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";
import { relativeDistance, relativeError } from "../support/errors.ts";
import { GOLDENS, goldenKey, loadGolden } from "../support/goldens.ts";

const x = input("x", "f32", [2, 5, 48]);
const weight = widenInt8(input("q", "i8", [48, 7]), input("s", "f32", [7]));
const y = matmul(x, weight, { transB: true, alpha: 0.5 });
const step = makeGraph({ y, dx: gradients(reshape(sum(mul(y, y), [0, 1, 2]), []), [x])[0]! });
const ops = ({ nodes }: Graph) => nodes.map(({ op }) => op.name).filter((name) => /atmul|int8/i.test(name));

const generator = random(0, "int8 products");
const normal = (shape: readonly number[]) =>
  tensor(
    "f32",
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => generator.normal()),
  );
const feeds: Record<string, Tensor> = {
  x: normal([2, 5, 48]),
  q: tensor(
    "i8",
    [48, 7],
    Int8Array.from({ length: 7 * 48 }, () => generator.int(127) - 63),
  ),
  s: normal([7]),
};

const fine = widenInt8(input("q", "i8", [48, 7]), input("s", "f32", [7]), input("r", "i8", [48, 7]));
const fineY = matmul(x, fine, { transB: true, alpha: 0.5 });
const fineStep = makeGraph({ y: fineY, dx: gradients(reshape(sum(mul(fineY, fineY), [0, 1, 2]), []), [x])[0]! });
const rest = tensor(
  "i8",
  [48, 7],
  Int8Array.from({ length: 7 * 48 }, () => generator.int(127) - 63),
);

async function run(graph: Graph, products: "fp32" | "int8", inputs: Record<string, Tensor>) {
  const program = await withProducts(ortEngine(), products).compile(graph);
  const outputs = await program.run(inputs);
  await program.release();
  return { y: outputs.y!.data as Float32Array, dx: outputs.dx!.data as Float32Array };
}

// By the largest number: rounding to 8 bits. By length: what it leaves is rounded too, as closely as halves are.
describe.each([
  { weight: "in whole numbers", graph: step, feeds, error: relativeError, most: 1.5e-2, least: 1e-4 },
  {
    ...{ weight: "in two whole numbers for each number", graph: fineStep, feeds: { ...feeds, r: rest } },
    ...{ error: relativeDistance, most: 3e-4, least: 1e-6 },
  },
])("a product with a weight $weight", ({ graph, feeds, error, most, least }) => {
  test("is taken in whole numbers forward and backward, and the weight is not widened", () => {
    expect(ops(graph)).toEqual(["widenInt8", "matmul", "matmul"]);
    expect(ops(int8Products(graph))).toEqual(["int8Product", "int8Product"]);
  });

  test("is what float32 gives, but for what rounding x and dy takes", async () => {
    const [whole, exact] = [await run(graph, "int8", feeds), await run(graph, "fp32", feeds)];
    for (const name of ["y", "dx"] as const) {
      expect(error(whole[name], exact[name]), name).toBeLessThan(most);
      expect(error(whole[name], exact[name]), `${name} is rounded`).toBeGreaterThan(least);
    }
  });

  test("has a scale for each row of x: a row of large numbers takes nothing from the others", async () => {
    const data = (feeds.x!.data as Float32Array).slice();
    for (let i = 0; i < 48; i++) data[i]! *= 1e6;
    const inputs = { ...feeds, x: tensor("f32", [2, 5, 48], data) };
    const [whole, exact] = [await run(graph, "int8", inputs), await run(graph, "fp32", inputs)];
    expect(error(whole.y.subarray(7), exact.y.subarray(7))).toBeLessThan(most);
  });

  test("of a row of zeros is zeros", async () => {
    const inputs = { ...feeds, x: tensor("f32", [2, 5, 48], new Float32Array(480)) };
    expect(new Set((await run(graph, "int8", inputs)).y)).toEqual(new Set([0]));
  });
});

test("a graph without such a weight comes back as it is", () => {
  const graph = makeGraph({ y: matmul(x, cast(input("w", "f16", [7, 48]), "f32"), { transB: true }) });
  expect(int8Products(graph)).toBe(graph);
});

// The figures themselves: npx vitest run test/engine/int8-products.test.ts --reporter=verbose
const NEAR = { int8: { loss: 2e-2, gradient: 0.15 }, int8x2: { loss: 1e-4, gradient: 2e-3 } };
test.for(
  GOLDENS.flatMap((name) => [
    { name, weights: "int8" as const },
    { name, weights: "int8x2" as const },
  ]),
)(
  "loss and gradient of $name with $weights weights are near torch's in float32",
  async ({ name, weights }, { annotate }) => {
    const golden = await loadGolden(name);
    const model = await loadModel(golden.model.folder, weights === "int8" ? "i8" : "i8x2");
    const config = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, max_grad_norm: null, seed: 0 } as const;
    const expected = new Float32Array(layOutAdapter(golden.lora.modules, golden.lora.rank).size);
    for (const { path, matrix, start } of layOutAdapter(golden.lora.modules, golden.lora.rank).places)
      expected.set(golden.tensors.get(`lora.grad.${goldenKey(path, matrix)}`)!.data as Float32Array, start);
    const errors: Record<string, number> = {};
    for (const products of ["int8", "fp32"] as const) {
      const engine = withProducts(ortEngine(), products);
      const trainer = createTrainer(engine, model, trainAdapter(model, golden.lora, golden.adapter), config);
      const { loss } = await trainer.differentiate([golden.batch], 1);
      errors[`${products} products: loss`] = relativeError([loss], [golden.scalars["lora.loss"]!]);
      errors[`${products} products: gradient`] = relativeDistance(trainer.gradient, expected);
      await trainer.release();
    }
    await annotate(
      Object.entries(errors)
        .map(([what, error]) => `${what} ${error.toExponential(1)}`)
        .join(", "),
    );
    expect(errors["int8 products: loss"]).toBeLessThan(NEAR[weights].loss);
    expect(errors["int8 products: gradient"]).toBeLessThan(NEAR[weights].gradient);
  },
);
