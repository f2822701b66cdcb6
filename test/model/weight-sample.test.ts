import { expect, test } from "vitest";
import { isSameModel, sampleWeights } from "../../src/model/weight-sample.ts";
import { tensor } from "../../src/util/tensor.ts";
import { loadGolden } from "../support/goldens.ts";

test("a model is known again in half precision", async () => {
  const [whole, half] = [await loadGolden("tiny"), await loadGolden("tiny", "f16")];
  expect(isSameModel(sampleWeights(whole.model.weights), sampleWeights(half.model.weights))).toBe(true);
});

test("another model is told apart, be it one that was trained from it", async () => {
  const [tiny, wide] = [await loadGolden("tiny"), await loadGolden("wide")];
  const sample = sampleWeights(tiny.model.weights);
  expect(isSameModel(sample, sampleWeights(wide.model.weights))).toBe(false);
  const moved = Object.entries(tiny.model.weights).map(([name, { shape, data }]) => {
    const numbers = Float32Array.from(data as Float32Array, (x, i) => x + 1e-3 * Math.sin(i));
    return [name, tensor("f32", shape, numbers)] as const;
  });
  expect(isSameModel(sample, sampleWeights(Object.fromEntries(moved)))).toBe(false);
});
