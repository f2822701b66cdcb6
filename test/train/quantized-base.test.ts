import { beforeAll, describe, expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { tfjsEngine } from "../../src/engine/tfjs/tfjs.ts";
import type { BlockLayout } from "../../src/formats/blockwise.ts";
import { graphReader } from "../../src/infer/graph-reader.ts";
import type { Model } from "../../src/model/model.ts";
import { layOutAdapter, trainAdapter, trainWeights } from "../../src/train/trained.ts";
import { createTrainer, type TrainerConfig } from "../../src/train/trainer.ts";
import { InputError } from "../../src/util/errors.ts";
import { relativeError } from "../support/errors.ts";
import { goldenPrompts } from "../support/golden-answers.ts";
import { type Golden, loadGolden } from "../support/goldens.ts";
import { inFewBits } from "../support/quantized.ts";

const CONFIG = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, max_grad_norm: 1, seed: 0 } as const;
const ENGINES = {
  reference: async () => referenceEngine,
  ort: async () => ortEngine({ threads: 1 }),
  "tfjs wasm": () => tfjsEngine({ backend: "wasm" }),
} as const;

let golden: Golden;
beforeAll(async () => {
  golden = await loadGolden("tiny");
});

async function gradientOn(name: keyof typeof ENGINES, model: Model, config: Partial<TrainerConfig> = {}) {
  const { lora, adapter, batch } = golden;
  const trainer = createTrainer(await ENGINES[name](), model, trainAdapter(model, lora, adapter), {
    ...CONFIG,
    ...config,
  });
  const { loss } = await trainer.differentiate([batch], 1);
  const gradient = trainer.gradient.slice();
  await trainer.release();
  return { loss, gradient };
}

/** The largest error of any matrix, each relative to its own largest number. */
function worstMatrix(actual: Float32Array, expected: Float32Array): number {
  const { places } = layOutAdapter(golden.lora.modules, golden.lora.rank);
  return places.reduce((worst, { start, shape: [rows, columns] }) => {
    const part = (all: Float32Array) => all.subarray(start, start + rows! * columns!);
    return Math.max(worst, relativeError(part(actual), part(expected)));
  }, 0);
}

const LAYOUTS: readonly BlockLayout[] = [
  { bits: 8, block: 64 },
  { bits: 4, block: 32 },
];

describe.each(LAYOUTS)("on a base of $bits bits in blocks of $block", (layout) => {
  let models: { quantized: Model; widened: Model };
  beforeAll(async () => {
    models = await inFewBits(golden.model, layout);
  });

  test.each(Object.keys(ENGINES) as (keyof typeof ENGINES)[])(
    "%s: loss and gradient are those on the numbers that the blocks stand for",
    async (name) => {
      const [actual, expected] = [await gradientOn(name, models.quantized), await gradientOn(name, models.widened)];
      expect(actual.loss).toBeCloseTo(expected.loss, 5);
      expect(worstMatrix(actual.gradient, expected.gradient)).toBeLessThan(1e-5);
      expect(worstMatrix(actual.gradient, (await gradientOn(name, golden.model)).gradient)).toBeGreaterThan(1e-3);
    },
  );

  test.each(["keep", "recompute"] as const)("layer by layer it is the same, residuals: %s", async (residuals) => {
    const layered = await gradientOn("ort", models.quantized, { programs: "layers", residuals });
    expect(worstMatrix(layered.gradient, (await gradientOn("ort", models.widened)).gradient)).toBeLessThan(1e-5);
  });

  test("prompts get the logits of these numbers, and so do answers on the way", async () => {
    const logitsOf = async (model: Model) => {
      const graphs = graphReader(ortEngine({ threads: 1 }), model);
      const reader = graphs.with({});
      const reading = await reader.read(await goldenPrompts(golden, [0, 1], reader), 8);
      const first = reading.logits.slice();
      await reading.next([0, 1], [5, 6]);
      const second = reading.logits.slice();
      await graphs.release();
      return [...first, ...second];
    };
    expect(relativeError(await logitsOf(models.quantized), await logitsOf(models.widened))).toBeLessThan(1e-5);
  });

  test.each(["all", "vision"] as const)("tune: %s is refused", (part) => {
    expect(() => trainWeights(part, models.quantized)).toThrow(InputError);
    expect(() => trainWeights(part, models.quantized)).toThrow(
      `tune: ${part} wants a base whose weights are whole, and this one is in ${layout.bits} bits`,
    );
  });
});
