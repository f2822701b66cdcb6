import { expect, test } from "vitest";
import { halveProducts } from "../../../src/engine/half-products.ts";
import { widenHalves, widenTensor } from "../../../src/engine/ort/widen-halves.ts";
import { referenceEngine } from "../../../src/engine/reference/reference.ts";
import { f32ToF16 } from "../../../src/formats/half.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { cast, input, matmul } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";

test("a graph without halves computes the same with weights that were halves, and casts nothing", async () => {
  const w = tensor("f16", [2, 2], f32ToF16(Float32Array.of(1, 2, 3, 0.1)));
  const x = tensor("f32", [1, 2], Float32Array.of(1, 10));
  const graph = makeGraph({ y: matmul(input("x", "f32", [1, 2]), cast(input("w", "f16", [2, 2]), "f32")) });
  const wide = widenHalves(graph);
  expect(wide.nodes.map(({ op, type }) => [op.name, type.dtype])).toEqual([
    ["input", "f32"],
    ["input", "f32"],
    ["matmul", "f32"],
  ]);
  const [expected, actual] = [await referenceEngine.compile(graph), await referenceEngine.compile(wide)];
  expect(await actual.run({ x, w: widenTensor(w) })).toEqual(await expected.run({ x, w }));
});

test("products that were to be taken in half are taken in float32", () => {
  const graph = makeGraph({ y: matmul(input("x", "f32", [1, 2]), cast(input("w", "f16", [2, 2]), "f32")) });
  const half = halveProducts(graph);
  expect(half.nodes.some(({ op, type }) => op.name === "matmul" && type.dtype === "f16")).toBe(true);
  expect(widenHalves(half).nodes.every(({ type }) => type.dtype === "f32")).toBe(true);
});
