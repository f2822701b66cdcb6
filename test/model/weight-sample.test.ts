import { expect, test } from "vitest";
import { loadModel, type Model, type WeightDType } from "../../src/model/model.ts";
import { isSameModel, sampleStored } from "../../src/model/weight-sample.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";
import { loadGolden } from "../support/goldens.ts";

const sampleOf = ({ weights }: Pick<Model, "weights">) =>
  sampleStored(
    Object.entries(weights).map(([name, { shape }]) => ({ name, shape })),
    async ({ name }): Promise<Tensor> => weights[name]!,
  );

test.each<WeightDType>(["f32", "f16", "i8", "i8x2"])("a model is known again in %s", async (dtype) => {
  const { model } = await loadGolden("tiny");
  const { sample } = await loadModel(model.folder, dtype);
  expect(sample.split(" ").length).toBe(16);
  expect(isSameModel(await sampleOf(model), sample)).toBe(true);
  expect(isSameModel((await loadGolden("wide")).model.sample, sample)).toBe(false);
});

test("one that was trained from it is told apart", async () => {
  const { model } = await loadGolden("tiny");
  const moved = Object.entries(model.weights).map(([name, { shape, data }]) => {
    const numbers = Float32Array.from(data as Float32Array, (x, i) => x + 1e-3 * Math.sin(i));
    return [name, tensor("f32", shape, numbers)] as const;
  });
  expect(isSameModel(model.sample, await sampleOf({ weights: Object.fromEntries(moved) }))).toBe(false);
});
