import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { productRate } from "../../src/engine/product-rate.ts";

/** Takes `seconds` for a run, and computes nothing. */
function sleeping(seconds: number) {
  const state = { runs: 0, released: false };
  const engine: Engine = {
    name: "sleeping",
    compile: async (graph) => ({
      graph,
      async run() {
        state.runs++;
        await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
        return {};
      },
      async release() {
        state.released = true;
      },
    }),
  };
  return { state, engine };
}

test("operations of the product over the seconds of its best run, and the program goes", async () => {
  const { engine, state } = sleeping(0.4);
  const { flops, what } = await productRate(engine, "f16");
  expect(flops).toBeGreaterThan((2 * 1050 * 2048 * 16_384) / 0.6);
  expect(flops).toBeLessThan((2 * 1050 * 2048 * 16_384) / 0.39);
  expect(what).toBe("[1050,2048] · [2048,16384]");
  expect(state.runs).toBe(3);
  expect(state.released).toBe(true);
});
