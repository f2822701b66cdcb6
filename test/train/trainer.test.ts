import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { withProducts } from "../../src/engine/products.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import type { TrainingBatch } from "../../src/train/feeds.ts";
import { learningRate } from "../../src/train/schedule.ts";
import { layOutAdapter, trainAdapter } from "../../src/train/trained.ts";
import { createTrainer, type Trainer } from "../../src/train/trainer.ts";
import { relativeDistance, relativeError } from "../support/errors.ts";
import { GOLDENS, type Golden, goldenKey, loadGolden } from "../support/goldens.ts";

const ADAMW = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, max_grad_norm: 1, seed: 0 } as const;
const COSINE = { lr: 1e-2, schedule: "cosine", warmup_steps: 2 } as const;

function trainerOf({ model, lora, adapter }: Golden, change: { dropout?: number } = {}): Trainer {
  return createTrainer(ortEngine(), model, trainAdapter(model, { ...lora, ...change }, adapter), ADAMW);
}

/** Rows `from` ≤ i < `to` of a batch. */
function rowsOf(
  { pixels, tokens, prefixLengths, suffixLengths }: TrainingBatch,
  from: number,
  to: number,
): TrainingBatch {
  const rows = suffixLengths.length;
  const [p, t] = [pixels.length / rows, tokens.length / rows];
  return {
    pixels: pixels.slice(from * p, to * p),
    tokens: tokens.slice(from * t, to * t),
    prefixLengths: prefixLengths.slice(from, to),
    suffixLengths: suffixLengths.slice(from, to),
  };
}

describe.each(GOLDENS)("%s, against PEFT and torch", (name) => {
  let golden: Golden;
  beforeAll(async () => {
    golden = await loadGolden(name);
  });

  test("the loss and every LoRA gradient", async () => {
    const trainer = trainerOf(golden);
    const { loss } = await trainer.differentiate([golden.batch], 1);
    expect(loss).toBeCloseTo(golden.scalars["lora.loss"]!, 4);
    for (const { path, matrix, start, shape } of layOutAdapter(golden.lora.modules, golden.lora.rank).places) {
      const expected = golden.tensors.get(`lora.grad.${goldenKey(path, matrix)}`)!;
      const actual = trainer.gradient.subarray(start, start + shape[0]! * shape[1]!);
      expect(shape).toEqual(expected.shape);
      expect(relativeError(actual, expected.data as Float32Array), `${path} ${matrix}`).toBeLessThan(1e-4);
    }
  });

  test("six AdamW steps with warm-up, cosine and clipping, and the adapter after them", async () => {
    const trainer = trainerOf(golden);
    for (let step = 1; step <= 6; step++) {
      const { loss, gradNorm } = await trainer.differentiate([golden.batch], step);
      const lr = learningRate(step, 6, COSINE);
      trainer.update(gradNorm, lr);
      expect(relativeError([loss], [golden.scalars["adamw.losses"]![step - 1]!])).toBeLessThan(1e-4);
      expect(relativeError([gradNorm], [golden.scalars["adamw.grad_norms"]![step - 1]!])).toBeLessThan(1e-4);
      expect(lr).toBeCloseTo(golden.scalars["adamw.lrs"]![step - 1]!, 12);
    }
    // By the length of the difference: a number whose gradient is at float32's noise moves by the sign of that noise, in
    // torch too (float32 against float64 torch: 2e-3 in one such number, 5e-5 in length; docs/numerics.md).
    const expected = new Float32Array(trainer.layout.size);
    for (const { path, matrix, start } of layOutAdapter(golden.lora.modules, golden.lora.rank).places) {
      expected.set(golden.tensors.get(`adamw.final.${goldenKey(path, matrix)}`)!.data as Float32Array, start);
    }
    expect(relativeDistance(trainer.values, expected)).toBeLessThan(1e-4);
    expect((await trainer.differentiate([golden.batch], 7)).loss).toBeCloseTo(golden.scalars["adamw.final_loss"]!, 4);
  });
});

let golden: Golden;
let batch: TrainingBatch;
beforeAll(async () => {
  golden = await loadGolden("tiny");
  batch = golden.batch;
});

describe("whatever the split", () => {
  test("accumulating micro-batches gives the gradient of the whole batch: one mean over all answer tokens", async () => {
    const whole = trainerOf(golden);
    const { loss } = await whole.differentiate([golden.batch], 1);
    for (const cuts of [
      [0, 1, 2, 3],
      [0, 1, 3],
      [0, 2, 3],
    ]) {
      const split = trainerOf(golden);
      const parts = cuts.slice(1).map((end, i) => rowsOf(batch, cuts[i]!, end));
      expect((await split.differentiate(parts, 1)).loss).toBeCloseTo(loss, 5);
      expect(relativeError(split.gradient, whole.gradient), `${cuts}`).toBeLessThan(1e-5);
    }
  });

  test("more padding changes nothing", async () => {
    const [plain, padded] = [trainerOf(golden), trainerOf(golden)];
    const rows = batch.suffixLengths.length;
    const width = batch.tokens.length / rows;
    const tokens = new Int32Array(rows * (width + 5));
    for (let row = 0; row < rows; row++)
      tokens.set(batch.tokens.subarray(row * width, (row + 1) * width), row * (width + 5));
    const { loss } = await plain.differentiate([golden.batch], 1);
    expect((await padded.differentiate([{ ...batch, tokens }], 1)).loss).toBeCloseTo(loss, 5);
    expect(relativeError(padded.gradient, plain.gradient)).toBeLessThan(1e-5);
  });

  test("the order of the rows changes nothing", async () => {
    const [plain, turned] = [trainerOf(golden), trainerOf(golden)];
    const { loss } = await plain.differentiate([golden.batch], 1);
    const order = [rowsOf(batch, 2, 3), rowsOf(batch, 0, 1), rowsOf(batch, 1, 2)];
    expect((await turned.differentiate(order, 1)).loss).toBeCloseTo(loss, 5);
    expect(relativeError(turned.gradient, plain.gradient)).toBeLessThan(1e-5);
  });
});

describe("a scaled loss", () => {
  const scaled = (loss_scale: number | null, engine: Engine = ortEngine({ threads: 1 }), { model } = golden) =>
    createTrainer(engine, model, trainAdapter(model, golden.lora, golden.adapter), { ...ADAMW, loss_scale });

  test("gives the same loss and gradient to the bit: a power of two rounds nothing", async () => {
    const [plain, times] = [scaled(null), scaled(65_536)];
    const { lossScale, ...result } = await times.differentiate([batch], 1);
    expect(lossScale).toBe(65_536);
    expect({ ...result, lossScale: null }).toEqual(await plain.differentiate([batch], 1));
    expect(times.gradient).toEqual(plain.gradient);
  });

  test("is the default where products are taken in half, and there alone", async () => {
    const half = await loadGolden("tiny", "f16");
    const scaleOf = ({ model }: Golden, engine: Engine) =>
      createTrainer(engine, model, trainAdapter(model, half.lora, half.adapter), ADAMW).lossScale?.scale;
    const engine = ortEngine();
    expect(scaleOf(half, withProducts(engine, "fp16"))).toBe(65_536);
    expect(scaleOf(half, engine)).toBeUndefined();
    expect(scaleOf(golden, withProducts(engine, "fp16"))).toBeUndefined();
  });

  // The figures themselves: npx vitest run test/train/trainer.test.ts -t vanish --reporter=verbose
  test("keeps what would vanish in half", async ({ annotate }) => {
    const half = await loadGolden("tiny", "f16");
    const exact = scaled(null, referenceEngine, half);
    await exact.differentiate([batch], 1);
    const distanceAt = async (lossScale: number) => {
      const trainer = scaled(lossScale, withProducts(referenceEngine, "fp16"), half);
      await trainer.differentiate([batch], 1);
      return relativeDistance(trainer.gradient, exact.gradient);
    };
    // The gradients of so small a model are far from vanishing: a millionth of its loss stands for a large one's.
    const distances: number[] = [];
    for (const power of [-20, -16, -12, -8, 0, 16]) distances.push(await distanceAt(2 ** power));
    await annotate(distances.map((distance) => distance.toExponential(1)).join(", "));
    expect(distances[0]).toBeGreaterThan(0.9);
    expect(distances[1]).toBeGreaterThan(0.1);
    expect(distances[4]).toBeLessThan(5e-3);
    expect(distances[5]).toBeLessThan(5e-3);
  });

  test("that overflows moves neither adapter nor moments, and is halved", async () => {
    const half = await loadGolden("tiny", "f16");
    const trainer = scaled(2 ** 30, withProducts(referenceEngine, "fp16"), half);
    const before = { values: trainer.values.slice(), optimizer: structuredClone(trainer.optimizer) };
    const { loss, gradNorm } = await trainer.differentiate([batch], 1);
    expect([Number.isFinite(loss), Number.isFinite(gradNorm)]).toEqual([true, false]);
    expect(trainer.update(gradNorm, 0.01)).toBe(false);
    expect({ values: trainer.values, optimizer: trainer.optimizer }).toEqual(before);
    expect(trainer.lossScale).toEqual({ scale: 2 ** 29, good_steps: 0, skipped_steps: 1 });
  });
});

describe("dropout", () => {
  test("changes the loss, by the seed and the step alone", async () => {
    const [one, other] = [trainerOf(golden, { dropout: 0.5 }), trainerOf(golden, { dropout: 0.5 })];
    const first = await one.differentiate([golden.batch], 1);
    expect(first.loss).not.toBeCloseTo(golden.scalars["lora.loss"]!, 4);
    expect((await other.differentiate([golden.batch], 1)).loss).toBe(first.loss);
    expect((await other.differentiate([golden.batch], 2)).loss).not.toBe(first.loss);
  });

  test("is off when the loss is only measured", async () => {
    const trainer = trainerOf(golden, { dropout: 0.5 });
    async function* once() {
      yield batch;
    }
    expect(await trainer.loss(once())).toBeCloseTo(golden.scalars["lora.loss"]!, 4);
  });
});
