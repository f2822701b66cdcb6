import { expect, test } from "vitest";
import { lower, toOnnx } from "../../../src/engine/onnx/lower.ts";
import { ortEngine } from "../../../src/engine/ort/ort.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { add, constant, input, matmul, oneHot, softmax, stopGradient } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";

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
  expect(nodes.map(({ opType }) => opType)).toEqual(["Reshape", "Equal", "Cast", "Add", "Identity", "Identity"]);
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
