import { beforeAll, describe, expect, test } from "vitest";
import { CHARACTER_CLASSES, PATCH_CHARACTERS } from "../../src/data/characters.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { initCharacterHead } from "../../src/model/character-head.ts";
import { numImageTokens } from "../../src/model/config.ts";
import { trainWeights } from "../../src/train/trained.ts";
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
  const trainerOn = (engine = ortEngine()) =>
    createTrainer(engine, golden.model, trainWeights("all", golden.model), ADAMW);

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
    expect(() => trainWeights("all", half.model)).toThrow("tune: all wants weights in float32");
  });
});

describe("the image tower alone, by naming the characters in each patch", () => {
  const READ = { ...ADAMW, objective: { answers: 0, characters: 1 } };
  let golden: Golden;
  let batch: Golden["batch"] & { characters: Uint8Array };
  beforeAll(async () => {
    golden = await loadGolden("tiny");
    const places = golden.batch.suffixLengths.length * numImageTokens(golden.model.config.vision) * PATCH_CHARACTERS;
    const generator = random(0, "characters");
    batch = {
      ...golden.batch,
      characters: Uint8Array.from({ length: places }, () => generator.int(CHARACTER_CLASSES)),
    };
  });
  const head = () => initCharacterHead(golden.model.config, 0);
  const trainerOn = (engine = ortEngine(), config = READ) =>
    createTrainer(engine, golden.model, trainWeights("vision", golden.model, head()), config);

  test("begins at the loss of a guess, one of all classes", async () => {
    const { loss, losses } = await trainerOn().differentiate([batch], 1);
    expect(loss).toBeCloseTo(Math.log(CHARACTER_CLASSES), 0);
    expect(losses).toEqual({ characters: loss });
  });

  test("leaves the language model as it is, and needs none of it", () => {
    const { layout, frozen } = trainWeights("vision", golden.model, head());
    const names = layout.places.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("language_model."))).toEqual([]);
    expect(Object.keys(frozen).every((name) => name.startsWith("language_model."))).toBe(true);
    expect(names).toEqual(expect.arrayContaining(["multi_modal_projector.linear.weight", "character_head.weight"]));
  });

  test("has the same gradient on every engine, and the one by which the loss changes", async () => {
    const [ort, reference] = [trainerOn(), trainerOn(referenceEngine)];
    const [, { loss }] = await Promise.all([ort, reference].map((trainer) => trainer.differentiate([batch], 1)));
    expect(relativeDistance(ort.gradient, reference.gradient)).toBeLessThan(1e-5);
    const slope = reference.gradient.reduce((sum, g) => sum + g * g, 0);
    const step = 1e-4 / slope;
    for (const [i, g] of reference.gradient.entries()) reference.values[i] += step * g;
    const moved = await reference.differentiate([batch], 1);
    expect((moved.loss - loss) / (step * slope)).toBeCloseTo(1, 1);
  });

  test("micro-batches add up to one mean over all rows of the step", async () => {
    const halves = [0, 1].map((row) => takeRow(batch, row));
    const [whole, parts] = [trainerOn(), trainerOn()];
    const one = await whole.differentiate([mergeRows(halves)], 1);
    const two = await parts.differentiate(halves, 1);
    expect(two.loss).toBeCloseTo(one.loss, 5);
    expect(relativeDistance(parts.gradient, whole.gradient)).toBeLessThan(1e-5);
  });

  test("beside answers, the loss is the weighted sum of both", async () => {
    const trainer = trainerOn(ortEngine(), { ...READ, objective: { answers: 2, characters: 0.5 } });
    const { loss, losses } = await trainer.differentiate([batch], 1);
    expect(loss).toBeCloseTo(2 * losses!.answers! + 0.5 * losses!.characters!, 5);
    const answers = createTrainer(ortEngine(), golden.model, trainWeights("all", golden.model), ADAMW);
    expect(losses!.answers).toBeCloseTo((await answers.differentiate([batch], 1)).loss, 5);
  });
});

type Rows = Golden["batch"] & { characters: Uint8Array };

/** A batch of one row of another. */
function takeRow(batch: Rows, row: number): Rows {
  const rows = batch.suffixLengths.length;
  const part = <T extends Float32Array | Int32Array | Uint8Array>(all: T) =>
    all.slice((row * all.length) / rows, ((row + 1) * all.length) / rows) as T;
  const { pixels, tokens, prefixLengths, suffixLengths, characters } = batch;
  return {
    ...batch,
    ...{ pixels: part(pixels), tokens: part(tokens), characters: part(characters) },
    ...{ prefixLengths: part(prefixLengths), suffixLengths: part(suffixLengths) },
  };
}

function mergeRows(rows: readonly Rows[]): Rows {
  const join = <T extends Float32Array | Int32Array | Uint8Array>(name: keyof Rows, make: (all: number[]) => T) =>
    make(rows.flatMap((row) => [...(row[name] as T)]));
  return {
    ...rows[0],
    pixels: join("pixels", (all) => Float32Array.from(all)),
    characters: join("characters", (all) => Uint8Array.from(all)),
    tokens: join("tokens", (all) => Int32Array.from(all)),
    prefixLengths: join("prefixLengths", (all) => Int32Array.from(all)),
    suffixLengths: join("suffixLengths", (all) => Int32Array.from(all)),
  };
}
