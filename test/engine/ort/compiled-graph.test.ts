import { expect, test } from "vitest";
import { ortGraph } from "../../../src/engine/ort/compiled-graph.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { cast, input, matmul, sum } from "../../../src/graph/ops/index.ts";

test("large products are in parts, and outputs in the order in which less waits", () => {
  const table = cast(input("table", "f16", [40_000, 1024]), "f32");
  const x = input("x", "f32", [8, 1024]);
  const logits = matmul(x, table, { transB: true });
  const given = makeGraph({ logits: sum(logits, [0]), back: matmul(logits, table) });
  const graph = ortGraph(given);
  expect(new Set(graph.outputs.keys())).toEqual(new Set(given.outputs.keys()));
  expect(graph.nodes.filter(({ op }) => op.name === "embedding").length).toBeGreaterThan(1);
  expect(ortGraph(graph)).toBe(graph);
});
