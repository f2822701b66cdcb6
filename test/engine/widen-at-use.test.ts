import { expect, test } from "vitest";
import { planLifetimes } from "../../src/engine/lifetimes.ts";
import { widenAtUse } from "../../src/engine/widen-at-use.ts";
import { makeGraph, verify } from "../../src/graph/graph.ts";
import { add, cast, input, matmul } from "../../src/graph/ops/index.ts";
import { batchShape } from "../../src/train/feeds.ts";
import { lossGraph } from "../../src/train/loss-graph.ts";
import { loadGolden } from "../support/goldens.ts";

const [x, w] = [input("x", "f32", [1, 8]), input("w", "f16", [8, 8])];
const twice = makeGraph({ y: add(matmul(x, cast(w, "f32")), matmul(x, cast(w, "f32"), { transB: true })) });

test("a weight that is read twice is widened twice, each time just before it is read", () => {
  const names = (graph: typeof twice) => graph.nodes.map(({ op }) => op.name);
  expect(names(twice)).toEqual(["input", "input", "cast", "matmul", "matmul", "add"]);
  expect(names(widenAtUse(twice))).toEqual(["input", "input", "cast", "matmul", "cast", "matmul", "add"]);
  expect(() => verify(widenAtUse(twice))).not.toThrow();
});

test("one copy is alive at a time", () => {
  expect(planLifetimes(twice).peakBytes).toBe(4 * (64 + 8 + 8));
  const embeddingOnce = makeGraph({ y: matmul(matmul(x, cast(w, "f32")), cast(input("v", "f16", [8, 8]), "f32")) });
  expect(planLifetimes(widenAtUse(embeddingOnce)).peakBytes).toBe(4 * (64 + 8 + 8));
});

test("a training step holds less than with half of the model expanded", async () => {
  const { model, batch, lora } = await loadGolden("tiny", "f16");
  const graph = lossGraph(model.config, batchShape(batch, model.config), "f16", lora);
  const expanded = 4 * Object.values(model.weights).reduce((sum, { data }) => sum + data.length, 0);
  const [shared, atUse] = [graph, widenAtUse(graph)].map((each) => planLifetimes(each).peakBytes);
  expect(shared - atUse).toBeGreaterThan(expanded / 2);
});

test("an output stays one, and a widened weight may be it", () => {
  const graph = makeGraph({ wide: cast(w, "f32"), y: matmul(x, cast(w, "f32")) });
  expect([...widenAtUse(graph).outputs.keys()]).toEqual(["wide", "y"]);
  expect(() => verify(widenAtUse(graph))).not.toThrow();
});
