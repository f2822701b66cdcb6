import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Engine, Tensors } from "../../src/engine/engine.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { type Link, Y } from "../../src/graph/chain.ts";
import { initAdapter, loraModules } from "../../src/model/lora.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import type { TrainingBatch } from "../../src/train/feeds.ts";
import { lossChain } from "../../src/train/loss-graph.ts";
import { trainAdapter, trainWeights } from "../../src/train/trained.ts";
import { createTrainer, type TrainerConfig } from "../../src/train/trainer.ts";
import * as memory from "../../src/util/available-memory.ts";
import { random } from "../../src/util/random.ts";
import { relativeError } from "../support/errors.ts";
import { GOLDENS, type Golden, type GoldenName, loadGolden } from "../support/goldens.ts";
import { inFewBits } from "../support/quantized.ts";

vi.mock(import("../../src/train/loss-graph.ts"), { spy: true });
vi.mock(import("../../src/util/available-memory.ts"), { spy: true });

const CONFIG = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, max_grad_norm: 1, seed: 0 } as const;
const LAYERS = { programs: "layers" } as const;

let goldens: Record<GoldenName, Golden>;
beforeAll(async () => {
  const loaded = await Promise.all(GOLDENS.map(async (name) => [name, await loadGolden(name)] as const));
  goldens = Object.fromEntries(loaded) as typeof goldens;
});

const trainerOf = ({ model, lora, adapter }: Golden, config: Partial<TrainerConfig>, engine: Engine = ortEngine()) =>
  createTrainer(engine, model, trainAdapter(model, lora, adapter), { ...CONFIG, ...config });

/** An engine that counts what it compiles, and how much of it is there at once. */
function counting(engine: Engine) {
  const count = { compiled: 0, open: 0, most: 0 };
  return {
    count,
    engine: {
      ...engine,
      async compile(...options) {
        const program = await engine.compile(...options);
        count.compiled++;
        count.open++;
        count.most = Math.max(count.most, count.open);
        const release = () => {
          count.open--;
          return program.release();
        };
        return { ...program, release };
      },
    } satisfies Engine,
  };
}

describe.each(GOLDENS)("%s, layer by layer", (name) => {
  test("the loss and every gradient are those of one program for all", async () => {
    const golden = goldens[name];
    const [whole, layers] = [trainerOf(golden, {}, referenceEngine), trainerOf(golden, LAYERS, referenceEngine)];
    const { loss } = await whole.differentiate([golden.batch], 1);
    expect((await layers.differentiate([golden.batch], 1)).loss).toBeCloseTo(loss, 12);
    expect(relativeError(layers.gradient, whole.gradient)).toBeLessThan(1e-6);
  });

  test("what is computed again has the bits of what is kept", async () => {
    const golden = goldens[name];
    // One thread: so small a model's programs would have more of them where all are one than where each is a layer's.
    const [kept, some, again] = (["keep", 2, "recompute"] as const).map((residuals) =>
      trainerOf(golden, { ...LAYERS, residuals }, ortEngine({ threads: 1 })),
    );
    const result = await kept!.differentiate([golden.batch], 1);
    for (const other of [some!, again!]) {
      expect(await other.differentiate([golden.batch], 1)).toEqual(result);
      expect(other.gradient).toEqual(kept!.gradient);
    }
  });
});

test("what is computed again has these bits, too, above an image tower that is frozen", async () => {
  const { model, batch } = goldens.wide;
  const modules = loraModules(paligemmaParameters(model.config), { targets: ".*language_model.*_proj", exclude: null });
  const lora = { modules, rank: 4, scale: 1, dropout: 0 };
  const trained = () => trainAdapter(model, lora, initAdapter(modules, 4, random(0, "adapter")));
  const gradients = [];
  for (const residuals of ["keep", 2, "recompute"] as const) {
    const trainer = createTrainer(ortEngine({ threads: 1 }), model, trained(), { ...CONFIG, ...LAYERS, residuals });
    await trainer.differentiate([batch], 1);
    gradients.push(trainer.gradient);
  }
  for (const gradient of gradients) expect(gradient).toEqual(gradients[0]);
});

test("dropout draws the same noise on both ways and for both kinds of programs", async () => {
  const golden = goldens.tiny;
  const { model, lora, adapter, batch } = golden;
  const dropping = (config: Partial<TrainerConfig>) =>
    createTrainer(ortEngine(), model, trainAdapter(model, { ...lora, dropout: 0.3 }, adapter), {
      ...CONFIG,
      ...config,
    });
  const [whole, layers, again] = [dropping({}), dropping(LAYERS), dropping({ ...LAYERS, residuals: "recompute" })];
  const { loss } = await whole.differentiate([batch], 3);
  expect((await layers.differentiate([batch], 3)).loss).toBeCloseTo(loss, 5);
  expect(relativeError(layers.gradient, whole.gradient)).toBeLessThan(1e-5);
  await again.differentiate([batch], 3);
  expect(again.gradient).toEqual(layers.gradient);
  await layers.differentiate([batch], 4);
  expect(relativeError(layers.gradient, again.gradient)).toBeGreaterThan(1e-3);
});

test("a frozen image tower has no way back, and equal layers share their programs", async () => {
  const { model, batch } = goldens.wide;
  const modules = loraModules(paligemmaParameters(model.config), { targets: ".*language_model.*_proj", exclude: null });
  const lora = { modules, rank: 4, scale: 1, dropout: 0 };
  const trained = trainAdapter(model, lora, initAdapter(modules, 4, random(0, "adapter")));
  const { engine, count } = counting(ortEngine());
  const [whole, layers] = [{}, LAYERS].map((programs) =>
    createTrainer(programs === LAYERS ? engine : ortEngine(), model, trained, {
      ...{ ...CONFIG, ...programs },
      residuals: "recompute",
    }),
  );
  await whole!.differentiate([batch], 1);
  await layers!.differentiate([batch], 1);
  expect(relativeError(layers!.gradient, whole!.gradient)).toBeLessThan(1e-5);
  // Forward: patches, a layer of the tower, what is between, a layer of the language model, its last. The loss there and back.
  // Back: a program each for the last layer, one between, and the first, which has no gradient to its input.
  expect(model.config.text.numLayers).toBe(3);
  expect(count.compiled).toBe(9);
  await layers!.differentiate([batch], 2);
  expect(count.compiled).toBe(9);
  await layers!.release();
  expect(count.open).toBe(0);
});

test("every program is compiled lean: between its runs it has no memory of its own", async () => {
  const { model, lora, adapter, batch } = goldens.tiny;
  const lean: (boolean | undefined)[] = [];
  const engine = ortEngine();
  const watched: Engine = {
    ...engine,
    compile: (graph, weights, options) => {
      lean.push(options?.lean);
      return engine.compile(graph, weights, options);
    },
  };
  const options = { ...CONFIG, ...LAYERS, residuals: 2 } as const;
  const trainer = createTrainer(watched, model, trainAdapter(model, lora, adapter), options);
  await trainer.differentiate([batch], 1);
  await trainer.release();
  expect(lean.length).toBeGreaterThan(2);
  expect(new Set(lean)).toEqual(new Set([true]));
});

test("what is kept is one program, which stays for the next step of the same shape", async () => {
  const { model, lora, adapter, batch } = goldens.tiny;
  const { engine, count } = counting(ortEngine());
  const trainer = createTrainer(engine, model, trainAdapter(model, lora, adapter), { ...CONFIG, ...LAYERS });
  for (const step of [1, 2]) await trainer.differentiate([batch], step);
  expect(count).toEqual({ compiled: 1, open: 1, most: 1 });
  await trainer.release();
  expect(count.open).toBe(0);
});

/** The first row alone: another shape. */
function firstRow({ pixels, tokens, prefixLengths, suffixLengths }: TrainingBatch): TrainingBatch {
  const part = <T extends Float32Array | Int32Array>(all: T) =>
    all.slice(0, all.length / suffixLengths.length) as typeof all;
  return {
    pixels: part(pixels),
    tokens: part(tokens),
    prefixLengths: part(prefixLengths),
    suffixLengths: part(suffixLengths),
  };
}

test("what is kept is decided once for a shape", async () => {
  const decide = vi.mocked(memory.availableMemory);
  decide.mockClear().mockReturnValue(1e12);
  const { batch } = goldens.tiny;
  const trainer = trainerOf(goldens.tiny, { ...LAYERS, residuals: "auto" });
  for (const step of [1, 2]) {
    await trainer.differentiate([batch], step);
    await trainer.differentiate([firstRow(batch)], step);
  }
  expect(decide).toHaveBeenCalledTimes(2);
  await trainer.release();
  decide.mockReset();
});

test("a weight that is both embedding and output layer has the sum of both gradients", async () => {
  const { model, batch } = goldens.tiny;
  const [whole, layers] = [{}, LAYERS].map((programs) =>
    createTrainer(ortEngine(), model, trainWeights("all", model), { ...CONFIG, ...programs }),
  );
  await whole!.differentiate([batch], 1);
  await layers!.differentiate([batch], 1);
  expect(relativeError(layers!.gradient, whole!.gradient)).toBeLessThan(1e-5);
});

test("a weight of the answers' loss holds for both kinds of programs", async () => {
  const objective = { answers: 0.25, characters: 0 };
  const { batch } = goldens.tiny;
  const [whole, layers] = [{}, LAYERS].map((programs) => trainerOf(goldens.tiny, { ...programs, objective }));
  const { loss } = await whole!.differentiate([batch], 1);
  expect((await layers!.differentiate([batch], 1)).loss).toBeCloseTo(loss, 5);
  expect(relativeError(layers!.gradient, whole!.gradient)).toBeLessThan(1e-5);
  expect(await layers!.loss(one(batch))).toBeCloseTo(await whole!.loss(one(batch)), 5);
});

test("naming characters layer by layer is refused, and not left out", () => {
  const { model } = goldens.tiny;
  const objective = { answers: 1, characters: 1 };
  expect(() =>
    createTrainer(ortEngine(), model, trainWeights("all", model), { ...CONFIG, ...LAYERS, objective }),
  ).toThrow(/train\.programs: layers .*train\.character_loss/);
});

test("the loss alone is that of the whole program, and of the step", async () => {
  const { batch } = goldens.tiny;
  const losses = [{}, LAYERS].map((programs) => trainerOf(goldens.tiny, programs).loss(one(batch)));
  const [whole, layers] = await Promise.all(losses);
  expect(layers).toBeCloseTo(whole!, 5);
  const step = await trainerOf(goldens.tiny, { ...LAYERS, residuals: "recompute" }).differentiate([batch], 1);
  expect(layers).toBeCloseTo(step.loss, 6);
});

test("the loss alone has no way back, and writes out nothing for one", async () => {
  await trainerOf(goldens.tiny, LAYERS).loss(one(goldens.tiny.batch));
  const chain = vi.mocked(lossChain).mock.results.at(-1)!.value as readonly Link[];
  expect(chain.length).toBeGreaterThan(4);
  for (const { forward, backward } of chain) {
    expect(backward).toBeNull();
    expect([...forward.outputs.keys()]).toEqual([Y]);
  }
});

async function* one<T>(value: T): AsyncGenerator<T> {
  yield value;
}

test("how far a step is, is told after each layer and each micro-batch", async () => {
  const shares: number[] = [];
  const { batch } = goldens.tiny;
  const trainer = trainerOf(goldens.tiny, { ...LAYERS, residuals: "recompute" });
  await trainer.differentiate([batch, batch], 1, (share) => shares.push(share));
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(new Set(shares).size).toBe(shares.length);
  expect(shares).toContain(0.5);
  expect(shares.at(-1)).toBe(1);
});

test("what overflows is found in its layer", async () => {
  const { model, lora, adapter, batch } = goldens.tiny;
  const layer = "language_model.model.layers.1.mlp.down_proj";
  const weight = model.weights[`${layer}.weight`]!;
  const weights: Tensors = {
    ...model.weights,
    [`${layer}.weight`]: { ...weight, data: (weight.data as Float32Array).slice().fill(3e38) },
  };
  const trainer = createTrainer(ortEngine(), model, trainAdapter({ weights }, lora, adapter), { ...CONFIG, ...LAYERS });
  expect(await trainer.findOverflow([batch], 1)).toMatchObject({ op: "matmul", pass: "forward", layer });
  expect(await trainerOf(goldens.tiny, LAYERS).findOverflow([batch], 1)).toBeNull();
});

describe("what overflows on a base in few bits", () => {
  const trainerOn = async (config: Partial<TrainerConfig>, layer?: string) => {
    const { model, lora, adapter } = goldens.tiny;
    const { quantized } = await inFewBits(model, { bits: 4, block: 32 });
    const name = `${layer}.weight.scales`;
    const scales = quantized.weights[name];
    const huge = scales && { [name]: { ...scales, data: (scales.data as Float32Array).slice().fill(3e38) } };
    const weights = { ...quantized.weights, ...huge };
    const trained = trainAdapter({ weights }, lora, adapter);
    return createTrainer(ortEngine(), quantized, trained, { ...CONFIG, ...LAYERS, ...config });
  };

  test.each(["keep", "recompute"] as const)("is found in its layer, residuals: %s", async (residuals) => {
    const layer = "language_model.model.layers.1.self_attn.v_proj";
    const trainer = await trainerOn({ residuals }, layer);
    expect(await trainer.findOverflow([goldens.tiny.batch], 1)).toMatchObject({ pass: "forward", layer });
  });

  test("is named on the way back as on the way there", async () => {
    const trainer = await trainerOn({ residuals: "keep", loss_scale: 1e39 });
    const overflow = await trainer.findOverflow([goldens.tiny.batch], 1);
    expect(overflow).toMatchObject({ pass: "backward", layer: "language_model.model.embed_tokens" });
  });
});
