import { expect, test } from "vitest";
import { orderOutputs } from "../../../src/engine/ort/output-order.ts";
import { workBytes } from "../../../src/engine/ort/work-memory.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import type { Node } from "../../../src/graph/node.ts";
import { input, matmul, sum } from "../../../src/graph/ops/index.ts";

const x = input("x", "f32", [512, 512]);

/** Layers whose outputs follow from what goes from one to the next, as gradients of weights do on the way back. */
function outputsOfLayers(count: number): Record<string, Node> {
  const outputs: Record<string, Node> = {};
  let value = x;
  for (let i = 0; i < count; i++) {
    value = matmul(value, x);
    outputs[`output ${i}`] = sum(matmul(value, x), [0]);
  }
  return outputs;
}

test("outputs are given so that what one is made of need not wait for the others", () => {
  const natural = makeGraph(outputsOfLayers(8));
  const ordered = orderOutputs(natural);
  expect([...ordered.outputs.keys()]).toEqual([...natural.outputs.keys()].toReversed());
  expect(ordered.nodes).toHaveLength(natural.nodes.length);
  expect(workBytes(natural, true)).toBeGreaterThan(2 * workBytes(ordered, true));
});

test("a graph whose outputs are so already stays as it is", () => {
  const ordered = orderOutputs(makeGraph(outputsOfLayers(8)));
  expect(orderOutputs(ordered)).toBe(ordered);
  const single = makeGraph({ y: matmul(x, x) });
  expect(orderOutputs(single)).toBe(single);
});
