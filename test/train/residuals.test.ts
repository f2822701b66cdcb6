import { expect, test } from "vitest";
import { configOf } from "../../bench/random-model.ts";
import { loraModules } from "../../src/model/lora.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { lossChain } from "../../src/train/loss-graph.ts";
import { chooseKept, plannedEngine, residualBytes, roomForResiduals } from "../../src/train/residuals.ts";

const model = configOf("nano");
const modules = loraModules(paligemmaParameters(model), { targets: ["down_proj", "up_proj"], exclude: null });
const shape = { rows: 2, text: 24, answer: 4, image: "pixels" } as const;
const chain = lossChain(model, shape, "f32", { modules, rank: 4, scale: 2, dropout: 0 });
const ENGINE = plannedEngine({
  name: "ort",
  readsInPlace: true,
  compile: () => Promise.reject(new Error("not asked")),
});

test("auto keeps from the last link down, as many as there is room for", () => {
  const last = chain.slice(-3);
  const room = last.reduce((sum, link) => sum + residualBytes(link), 0);
  const numbersOf = (bytes: number) =>
    [...chooseKept(chain, "auto", bytes)].map((link) => chain.length - chain.indexOf(link));
  expect(numbersOf(room)).toEqual([1, 2, 3]);
  expect(numbersOf(room - 1)).toEqual([1, 2]);
  expect(numbersOf(-1)).toEqual([]);
});

test("keep and recompute ask for no room", () => {
  expect(chooseKept(chain, "keep", 0).size).toBe(chain.length);
  const still = [...chooseKept(chain, "recompute", 1e12)]; // of the loss alone nothing is kept
  expect(still.map(residualBytes)).toEqual(still.map(() => 0));
});

test("room for residuals is what programs leave of the memory that is there", () => {
  const [small, large] = [1e9, 2e9].map((available) => roomForResiduals(chain, ENGINE, available));
  expect(small).toBeLessThan(1e9);
  expect(small).toBeGreaterThan(0.8e9);
  expect(large! - small!).toBeCloseTo((11 / 12) * 1e9, 0);
  expect(roomForResiduals(chain, ENGINE, 0)).toBeLessThan(0);
});
