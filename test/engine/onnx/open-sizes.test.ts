import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { toOnnx } from "../../../src/engine/onnx/lower.ts";
import { type OpenSize, sizeOfAxis } from "../../../src/engine/onnx/open-sizes.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { input, reshape, slice, transpose } from "../../../src/graph/ops/index.ts";

const [B, T] = [1009, 10_007];
const openSizes: readonly OpenSize[] = [
  { size: B, name: "batch", from: sizeOfAxis("x", 0) },
  { size: T, name: "length", from: sizeOfAxis("x", 1) },
];
const x = input("x", "f32", [B, T, 6]);

async function run(graph: ReturnType<typeof makeGraph>, shape: readonly number[], more: readonly OpenSize[] = []) {
  const session = await InferenceSession.create(toOnnx(graph, { openSizes: [...openSizes, ...more] }));
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i);
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => [
      name,
      name === "x" ? new Tensor("float32", data, [...shape]) : new Tensor("int64", [2n], []),
    ]),
  );
  const { y } = await session.run(feeds);
  const metadata = session.inputMetadata[0];
  await session.release();
  return { y: y!, axes: metadata!.isTensor ? metadata!.shape : [] };
}

test("one model takes batches of any size, and a size that was computed from an open one is found again", async () => {
  const heads = transpose(reshape(x, [B, T, 3, 2]), [0, 2, 1, 3]); // [B,3,T,2]
  const graph = makeGraph({ y: reshape(heads, [B * 3, T * 2]) });
  for (const [b, t] of [
    [1, 1],
    [2, 5],
    [4, 3],
  ] as const) {
    const { y, axes } = await run(graph, [b, t, 6]);
    expect(axes).toEqual(["batch", "length", 6]);
    expect(y.dims).toEqual([b * 3, t * 2]);
    expect(y.data[1]).toBe(1); // the second number of the first head
    expect(y.data[t * 2]).toBe(2); // the first of the second
  }
});

test("an open size may be an input's value, and others may follow from it", async () => {
  const L = 4_998;
  const last: readonly OpenSize[] = [
    {
      size: L,
      name: "kept",
      reads: { name: "count", dtype: "i64", shape: [] },
      from: (emit) => emit.node("Reshape", ["count", emit.sizes([1])]),
    },
    { size: T - L, name: "first", from: (emit, sizeOf) => emit.node("Sub", [sizeOf(T), sizeOf(L)]) },
  ];
  const { y } = await run(makeGraph({ y: slice(x, 1, T - L, T) }), [1, 5, 6], last);
  expect(y.dims).toEqual([1, 2, 6]);
  expect(y.data[0]).toBe(18);
});
