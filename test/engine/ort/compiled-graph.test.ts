import { expect, test } from "vitest";
import { ortGraph } from "../../../src/engine/ort/compiled-graph.ts";
import { NO_VIEWS } from "../../../src/engine/ort/row-views.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { cast, input, matmul, sum } from "../../../src/graph/ops/index.ts";

const table = cast(input("table", "f16", [40_000, 1024]), "f32");
const x = input("x", "f32", [8, 1024]);
const logits = matmul(x, table, { transB: true });
const given = makeGraph({ logits: sum(logits, [0]), back: matmul(logits, table) });

test("large products are in parts, and outputs in the order in which less waits", () => {
  const { graph, views } = ortGraph(given, false);
  expect(views).toBe(NO_VIEWS);
  expect(new Set(graph.outputs.keys())).toEqual(new Set(given.outputs.keys()));
  expect(graph.nodes.filter(({ op }) => op.name === "embedding").length).toBeGreaterThan(1);
  expect(ortGraph(graph, false).graph).toBe(graph);
});

test("in the machine's own memory parts are read where they lie", () => {
  const { graph, views } = ortGraph(given, true);
  expect(graph.nodes.filter(({ op }) => op.name === "embedding")).toEqual([]);
  expect(views.size).toBeGreaterThan(1);
  const ends = [...views.values()].map(({ start, end }) => [start, end]);
  expect([ends[0]![0], ends.at(-1)![1]]).toEqual([0, 40_000]);
  expect(graph.inputs.has("table")).toBe(false);
});
