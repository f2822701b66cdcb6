import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { measureRoof } from "../../src/engine/profile-roof.ts";

/** An engine that computes nothing, and tells of each of its runs what it would take at a rate, with an operator beside the product. */
function engineOf(flopsPerSecond: number): Engine {
  return {
    name: "told",
    compile: async (graph, weights = {}) => {
      const [[m], [k, n]] = [graph.inputs.get("x")!.shape, weights.w!.shape] as unknown as [[number], [number, number]];
      const flops = 2 * m * k * n;
      const operator = { operator: "any", shapes: "", start: 0 };
      const run = (slowness: number) => {
        const seconds = (slowness * flops) / flopsPerSecond;
        const operators = [
          { ...operator, flops: 0, seconds: seconds / 100 },
          { ...operator, flops, seconds },
        ];
        return { seconds: 1.01 * seconds, operators };
      };
      const endTrace = () => [run(3), run(1), run(2)];
      return { graph, run: async () => ({}), release: async () => {}, endTrace };
    },
  };
}

test("the roof is the rate of a large product alone, in its fastest run", async () => {
  const roof = await measureRoof(engineOf(8e9));
  expect(roof.product).toBe("[1050,2048] × [2048,16384]");
  expect(roof.flops_per_s / 8e9).toBeCloseTo(1, 12);
});

test("an engine that would take more than ten seconds for it is asked for a small product", async () => {
  const roof = await measureRoof(engineOf(6e9));
  expect(roof.product).toBe("[128,256] × [256,256]");
  expect(roof.flops_per_s / 6e9).toBeCloseTo(1, 12);
});

test("onnxruntime is up to a large product, and what it tells of its runs fits into the time that passed", async () => {
  const began = performance.now();
  const roof = await measureRoof(ortEngine());
  const passed = (performance.now() - began) / 1000;
  expect(roof.product).toBe("[1050,2048] × [2048,16384]");
  const seconds = (2 * 1050 * 2048 * 16384) / roof.flops_per_s;
  expect(2 * seconds, "it ran twice at least").toBeLessThan(passed);
});
