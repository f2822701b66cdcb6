import { beforeAll, describe, expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { trainAll } from "../../src/train/trained.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import { random } from "../../src/util/random.ts";
import { sizeOf } from "../../src/util/tensor.ts";
import { relativeDistance } from "../support/errors.ts";
import { type Golden, loadGolden } from "../support/goldens.ts";

const ADAMW = { betas: [0.9, 0.98], eps: 1e-8, weight_decay: 0.1, max_grad_norm: null, seed: 0 } as const;

describe("every weight of the base", () => {
  let golden: Golden;
  beforeAll(async () => {
    golden = await loadGolden("tiny");
  });
  const trainerOn = (engine = ortEngine()) => createTrainer(engine, golden.model, trainAll(golden.model), ADAMW);

  test("starts as the base has it", async () => {
    const { loss } = await trainerOn().differentiate([golden.batch], 1);
    expect(loss).toBeCloseTo(golden.scalars["base.loss"] ?? loss, 5);
    const trainer = trainerOn();
    for (const { name, shape, start } of trainer.layout.places) {
      const numbers = trainer.values.subarray(start, start + sizeOf(shape));
      expect(numbers, name).toEqual(golden.model.weights[name].data);
    }
    expect(trainer.layout.places.map(({ name }) => name).sort()).toEqual(Object.keys(golden.model.weights).sort());
  });

  test("has the gradient by which the loss changes: central differences in directions of its own", async () => {
    const trainer = trainerOn(referenceEngine);
    await trainer.differentiate([golden.batch], 1);
    const [gradient, values] = [trainer.gradient.slice(), trainer.values.slice()];
    for (const seed of [0, 1]) {
      const generator = random(seed, "direction");
      const direction = gradient.map((g) => (generator.uniform() < 0.5 ? g : 0));
      const slope = direction.reduce((sum, d, i) => sum + d * gradient[i], 0);
      const step = 1e-3 / Math.sqrt(slope);
      const lossAt = async (sign: number) => {
        trainer.values.set(values.map((value, i) => value + sign * step * direction[i]));
        return (await trainer.differentiate([golden.batch], 1)).loss;
      };
      const difference = ((await lossAt(1)) - (await lossAt(-1))) / (2 * step);
      expect(difference / slope).toBeCloseTo(1, 2);
    }
  });

  test("has the same gradient on every engine", async () => {
    const [ort, reference] = [trainerOn(), trainerOn(referenceEngine)];
    await Promise.all([ort, reference].map((trainer) => trainer.differentiate([golden.batch], 1)));
    expect(relativeDistance(ort.gradient, reference.gradient)).toBeLessThan(1e-5);
  });

  test("learns: the loss of the same rows falls", async () => {
    const trainer = trainerOn();
    const losses = [];
    for (let step = 1; step <= 10; step++) {
      const { loss, gradNorm } = await trainer.differentiate([golden.batch], step);
      losses.push(loss);
      trainer.update(gradNorm, 1e-3);
    }
    expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]);
  });

  test("decays if it is a matrix; biases and norms do not", async () => {
    const trainer = trainerOn();
    trainer.gradient.fill(0);
    const before = trainer.values.slice();
    trainer.update(0, 1);
    for (const { name, shape, start } of trainer.layout.places) {
      const first = before.subarray(start, start + sizeOf(shape)).findIndex((value) => value !== 0);
      if (first < 0) continue;
      const ratio = trainer.values[start + first] / before[start + first];
      expect(ratio, name).toBeCloseTo(shape.length > 1 ? 0.9 : 1, 5);
    }
  });

  test("has to be float32", async () => {
    const half = await loadGolden("tiny", "f16");
    expect(() => trainAll(half.model)).toThrow("tune: all wants weights in float32");
  });
});
