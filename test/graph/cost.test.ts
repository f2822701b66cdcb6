import { expect, test } from "vitest";
import { byteSize, flopsOf, totalFlops } from "../../src/graph/cost.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import { add, input, matmul, scalar } from "../../src/graph/ops/index.ts";

const x = input("x", "f32", [3, 8]);
const w = input("w", "f32", [5, 8]);

test("a value takes its elements' bytes; a scalar is one element", () => {
  expect(byteSize({ dtype: "f32", shape: [3, 8] })).toBe(96);
  expect(byteSize({ dtype: "f16", shape: [3, 8] })).toBe(48);
  expect(byteSize({ dtype: "i64", shape: [] })).toBe(8);
});

test("a multiply-add is two operations, what an op says nothing of one an element, and what is given none", () => {
  const y = matmul(x, w, { transB: true });
  expect([flopsOf(y), flopsOf(add(y, y)), flopsOf(x), flopsOf(scalar(2))]).toEqual([2 * 3 * 5 * 8, 15, 0, 0]);
});

test("a graph's operations are those of its nodes, a shared one counted once", () => {
  const y = matmul(x, w, { transB: true });
  expect(totalFlops(makeGraph({ z: add(y, y) }))).toBe(240 + 15);
});
