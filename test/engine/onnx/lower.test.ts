import { InferenceSession } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { lower, toOnnx } from "../../../src/engine/onnx/lower.ts";
import { ortEngine } from "../../../src/engine/ort/ort.ts";
import { mapValues, toOrt } from "../../../src/engine/ort/tensors.ts";
import { evaluate } from "../../../src/engine/reference/reference.ts";
import { type Graph, makeGraph } from "../../../src/graph/graph.ts";
import { add, constant, input, matmul, oneHot, softmax, stopGradient } from "../../../src/graph/ops/index.ts";
import { matmulOp } from "../../../src/graph/ops/matmul.ts";
import { applyToInputs, drawInputs, toFeeds } from "../../../src/graph/samples.ts";
import { tensor } from "../../../src/util/tensor.ts";
import { relativeError } from "../../support/errors.ts";

const x = input("x", "f32", [2, 3]);

test("inputs and outputs keep their names, types and shapes", () => {
  const model = lower(makeGraph({ y: softmax(x), hot: oneHot(input("ids", "i32", [4]), 5) }), "some graph");
  expect(model.inputs).toEqual([
    { name: "x", dataType: 1, dims: [2, 3] },
    { name: "ids", dataType: 6, dims: [4] },
  ]);
  expect(model.outputs).toEqual([
    { name: "y", dataType: 1, dims: [2, 3] },
    { name: "hot", dataType: 1, dims: [4, 5] },
  ]);
});

test("what several lowerings need is written once", () => {
  const ids = input("ids", "i32", [4]);
  const { nodes, initializers } = lower(makeGraph({ a: oneHot(ids, 5), b: add(oneHot(ids, 5), oneHot(ids, 5)) }), "g");
  expect(nodes.map(({ opType }) => opType)).toEqual(["Reshape", "Equal", "Cast", "Add"]);
  expect(initializers.map(({ dims }) => dims)).toEqual([[2], [5]]);
});

test("a plain product is ONNX's own, any other is onnxruntime's", () => {
  const w = input("w", "f32", [3, 3]);
  const { nodes } = lower(makeGraph({ a: matmul(x, w), b: matmul(x, w, { transB: true, alpha: 0.5 }) }), "g");
  expect(nodes[0]).toMatchObject({ opType: "MatMul", domain: "" });
  expect(nodes[1]).toMatchObject({
    opType: "FusedMatMul",
    domain: "com.microsoft",
    attribute: [
      { name: "transA", type: 2, i: 0 },
      { name: "transB", type: 2, i: 1 },
      { name: "alpha", type: 1, f: 0.5 },
    ],
  });
});

test("the same graph gives the same bytes", () => {
  const build = () => toOnnx(makeGraph({ y: add(softmax(x), constant(tensor("f32", [3], Float32Array.of(1, 2, 3)))) }));
  expect(Buffer.compare(build(), build())).toBe(0);
});

test("one value may be several outputs, and an input may be an output", async () => {
  const graph = makeGraph({ a: softmax(x), b: softmax(x), same: stopGradient(x) });
  const program = await ortEngine().compile(graph);
  const results = await program.run({ x: tensor("f32", [2, 3], Float32Array.of(0, 0, 0, 1, 1, 1)) });
  expect(results.a!.data).toEqual(results.b!.data);
  expect(Array.from(results.same!.data as Float32Array)).toEqual([0, 0, 0, 1, 1, 1]);
});

describe("a product for a target without FusedMatMul", () => {
  const types = (graph: Graph) => lower(graph, "g", { lacks: ["FusedMatMul"] }).nodes.map(({ opType }) => opType);
  const weight = input("w", "f32", [4, 3]);

  test("with one matrix for all rows is a Gemm, which transposes nothing in memory", () => {
    expect(types(makeGraph({ y: matmul(input("x", "f32", [2, 5, 3]), weight, { transB: true }) }))).toEqual([
      "Reshape",
      "Gemm",
      "Reshape",
    ]);
    expect(types(makeGraph({ y: matmul(x, weight, { transB: true, alpha: 2 }) }))).toEqual(["Gemm"]);
  });

  test("of stacks of matrices transposes and scales apart", () => {
    const [a, b] = [input("a", "f32", [2, 6, 4]), input("b", "f32", [2, 3, 4])];
    expect(types(makeGraph({ y: matmul(a, b, { transB: true, alpha: 0.25 }) }))).toEqual([
      "Transpose",
      "MatMul",
      "Mul",
    ]);
  });

  test.each(matmulOp.samples.map((sample) => [sample.label, sample] as const))("%s: right", async (_label, sample) => {
    const drawn = drawInputs(sample);
    const graph = makeGraph({ y: applyToInputs(matmulOp, sample, drawn).y });
    const session = await InferenceSession.create(toOnnx(graph, { lacks: ["FusedMatMul"] }));
    const { y } = await session.run(mapValues(toFeeds(drawn), toOrt));
    await session.release();
    const expected = evaluate(graph, Object.fromEntries(drawn.map(({ name, value }) => [name, value]))).y!;
    expect(y!.dims).toEqual(expected.shape);
    expect(relativeError(y!.data as Float32Array, expected.data)).toBeLessThan(matmulOp.tolerance.relative);
  });
});
