import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { openTable } from "../data/table.ts";
import { createEngine, isOnDevice } from "../engine/create.ts";
import { isWhole, type WholeWeights } from "../engine/engine.ts";
import { type Flops, totalFlopsOf } from "../engine/memory-kinds.ts";
import { productSpeed } from "../engine/product-speed.ts";
import { withProducts } from "../engine/products.ts";
import { measureRoof } from "../engine/profile-roof.ts";
import { CONFIG } from "../model/companions.ts";
import { numImageTokens, type PaliGemmaConfig } from "../model/config.ts";
import { findHubBase } from "../model/hub-base.ts";
import { parametersOf } from "../model/lora.ts";
import { declareIn } from "../model/model.ts";
import { readModelConfig } from "../model/model-config.ts";
import { isOfImages, paligemmaParameters } from "../model/paligemma.ts";
import type { PlanRecord, Proposal } from "../report/plan-record.ts";
import { gigabytes, memoryTable } from "../report/plan-words.ts";
import { findCheckpoint } from "../runs/checkpoints.ts";
import type { RunFolder } from "../runs/folder.ts";
import { lengthUnits } from "../train/feeds.ts";
import {
  CPU_EFFICIENCY,
  DEVICE_EFFICIENCY,
  DEVICE_ROOM,
  DEVICES,
  type DeviceName,
} from "../train/memory-plan/devices.ts";
import { countTrained, type PlannedStep, planMemory } from "../train/memory-plan/plan.ts";
import type { PlannedEngine } from "../train/memory-plan/program-memory.ts";
import { plannedSteps } from "../train/plan.ts";
import { requireTrainable } from "../train/trained.ts";
import { availableMemory } from "../util/available-memory.ts";
import { padLength } from "../util/bucket.ts";
import { InputError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.ts";
import { requireFreeDisk } from "../util/free-disk.ts";
import { sizeOf } from "../util/tensor.ts";
import { bindLora, loraConfigOf, WEIGHT_DTYPES } from "./base.ts";
import { requireFrozenTower } from "./tuned.ts";

export interface PlanOptions {
  /** By default the machine that this runs on. */
  readonly device?: "cpu" | DeviceName;
  /** Bytes that the device has; by default those that are available here, or eleven twelfths of its maker's figure. */
  readonly memory?: number;
  /** Write a page with the course of memory over a step, too. */
  readonly html?: string;
  /** Operations a second, in the place of a measurement here. */
  readonly rate?: number;
}

/**
 * What a training run would take, before anything is loaded: memory by kind, operations, time, and where it does not fit, what
 * does. The base needs config.json alone, and not even that where its name is that of a PaliGemma-3B on the hub.
 * @throws InputError when there is no such base, a setting does not fit it, or it computes on a device that is not named
 */
export async function planRun(config: Config, options: PlanOptions = {}): Promise<PlanRecord> {
  const { device = "cpu" } = options;
  if (device === "cpu" && (await isOnDevice(config.engine))) {
    throw new InputError("this configuration computes on a GPU, and which is not said", {
      hint: `name it by --device ${Object.keys(DEVICES).join(", ")}; or plan for this processor: --set engine.providers=[cpu]`,
    });
  }
  const base = await describeBase(config.base);
  const memory = options.memory ?? (device === "cpu" ? memoryHere() : DEVICE_ROOM * DEVICES[device].memory);
  const rows = await countRows(config);
  const target = { device, memory, rows };
  const asked = planStep(config, base.model, target);
  const plan = planMemory(asked);
  const fits = plan.peak_bytes <= memory;
  const rate = await rateOf(config, device, options.rate, fits ? [] : ["int8"]);
  const time = timeBy(rate);
  const seconds = time(config, plan.flops);
  const steps = plannedSteps(rows || null, config.train); // a table without rows tells nothing
  const { text, answer } = asked.shape;
  const report: PlanRecord = {
    base: { name: config.base, config: base.path, parameters: plan.parameters, trainable: plan.trainable },
    device: {
      name: device,
      label: device === "cpu" ? "this machine" : DEVICES[device].label,
      memory_bytes: memory,
      memory_source:
        options.memory !== undefined ? "given" : device === "cpu" ? "available here" : "as published, less a twelfth",
    },
    programs: plan.programs,
    kept: plan.kept,
    residuals: config.train.residuals,
    shape: { rows: config.train.batch, image_tokens: numImageTokens(base.model.vision), text, answer },
    peak_bytes: plan.peak_bytes,
    by_kind: plan.peak,
    fits,
    flops: plan.flops,
    rate,
    accumulate: config.train.accumulate,
    seconds_a_step: seconds,
    steps,
    hours: steps === null ? null : (steps * seconds) / 3600,
    moments: plan.moments,
    proposals: fits ? [] : propose(config, base.model, target, time),
  };
  if (options.html !== undefined) {
    const { planPage } = await import("../report/plan-page.ts");
    await writeFileAtomic(options.html, await planPage(report));
  }
  return report;
}

/** Seconds of a step: products in whole numbers take less, or more, than they would in float32; all else stays. */
function timeBy({ flops_a_second, efficiency, whole }: PlanRecord["rate"]) {
  return ({ engine, train }: Config, flops: Flops): number => {
    const rate = isWhole(engine.weights) ? (whole[engine.weights] ?? flops_a_second) : flops_a_second;
    const saved = flops.whole * (1 / flops_a_second - 1 / rate);
    return train.accumulate * (totalFlopsOf(flops) / (flops_a_second * efficiency) - saved);
  };
}

/** What this process may come to have: what it has, and what is left. */
const memoryHere = () => process.memoryUsage().rss + availableMemory();

const withoutSlash = (folder: string) => folder.replace(/[\\/]+$/, "");

/** The base's sizes, and the file that has them. */
async function describeBase(name: string): Promise<{ readonly path: string; readonly model: PaliGemmaConfig }> {
  const folder = resolveAsset(name);
  if (existsSync(join(folder, CONFIG))) return { path: join(folder, CONFIG), model: await readModelConfig(folder) };
  const hub = findHubBase(name) ?? findHubBase(`google/${withoutSlash(name).split(/[\\/]/).at(-1)}`);
  if (hub) return { path: join(hub.folder, CONFIG), model: await readModelConfig(hub.folder) };
  throw new InputError(`${name}: there is no config.json, and it is no PaliGemma-3B of the hub by its name`, {
    hint: "a base is a Hugging Face folder of a PaliGemma checkpoint; amlc model pull or init makes one",
  });
}

interface Target {
  readonly device: "cpu" | DeviceName;
  /** Bytes. */
  readonly memory: number;
  /** Of the training table; null: it is not there. */
  readonly rows: number | null;
}

/** A short answer, as those of the challenge are: a number and a unit. */
const ANSWER_TOKENS = 8;
/** The longest entity has 29 letters. */
const ENTITY = "maximum weight recommendation";
/** Letters of English text to a token. */
const LETTERS = 3;

/** What of a configuration decides how much memory a step takes. */
function planStep(config: Config, whole: PaliGemmaConfig, { device, memory, rows }: Target): PlannedStep {
  const { train, engine, data } = config;
  const { config: model, dtype } = declareIn(whole, WEIGHT_DTYPES[engine.weights]);
  const lora = config.tune === "lora" ? bindLora(loraConfigOf(config), { config: model }) : undefined;
  if (config.tune !== "lora") requireTrainable(config.tune, { config: model, dtype });
  requireFrozenTower(config, lora);
  const prompt = data.prompt.replaceAll("{entity}", ENTITY);
  const units = lengthUnits(model);
  const image = data.features === null ? "pixels" : "features";
  const photographs = rows === null ? Number.POSITIVE_INFINITY : rows * 3 * model.vision.imageSize ** 2;
  return {
    ...{ model, dtype, tune: config.tune, lora, memory },
    objective: { answers: train.answer_loss, characters: train.character_loss },
    shape: {
      rows: train.batch,
      text: padLength(Math.ceil(prompt.length / LETTERS) + ANSWER_TOKENS, units.text),
      answer: padLength(ANSWER_TOKENS, units.answer),
      image,
    },
    engine: plannedEngine(config, device),
    programs: train.programs,
    residuals: train.residuals,
    beside: {
      ahead: train.accumulate - 1 + data.prefetch,
      cache: image === "pixels" ? Math.min(data.pixel_cache_mb * 2 ** 20, photographs) : 0,
      threads: Math.min(4, availableParallelism() + 1),
      tokenizer: true,
    },
  };
}

function plannedEngine({ engine }: Config, device: "cpu" | DeviceName): PlannedEngine {
  const { name, products } = engine;
  const onHost = device === "cpu";
  const preferred = onHost ? (name === "ort" ? "int8" : "fp32") : "fp16";
  return { name, onHost, products: products === "auto" ? preferred : products };
}

/** @param proposed types of weights that may be proposed */
async function rateOf(
  { engine: asked }: Config,
  device: "cpu" | DeviceName,
  given: number | undefined,
  proposed: readonly WholeWeights[],
): Promise<PlanRecord["rate"]> {
  const efficiency = device === "cpu" ? CPU_EFFICIENCY : DEVICE_EFFICIENCY;
  if (given !== undefined) return { flops_a_second: given, source: "given", what: "--rate", efficiency, whole: {} };
  if (device !== "cpu") {
    const { label, peak } = DEVICES[device];
    return {
      flops_a_second: peak,
      source: "published",
      what: `${label}, half precision with float32 sums`,
      ...{ efficiency, whole: {} },
    };
  }
  const engine = await createEngine(asked);
  const { flops_per_s: flops, product: what } = await measureRoof(engine);
  const whole: { -readonly [K in WholeWeights]?: number } = {};
  const wanted = new Set([...(isWhole(asked.weights) ? [asked.weights] : []), ...proposed]);
  if (engine.prefers === "int8")
    for (const weights of wanted) whole[weights] = 1e9 * (await productSpeed(withProducts(engine, "int8"), weights));
  return { flops_a_second: flops, source: "measured", what: `${what} on ${asked.name}`, efficiency, whole };
}

/** Rows of the training table; null: it is not there. */
async function countRows({ data }: Config): Promise<number | null> {
  const csv = resolveAsset(data.train);
  if (!existsSync(csv)) return null;
  let rows = 0;
  for await (const block of (await openTable(csv)).blocks()) rows += block.rowCount;
  return rows;
}

interface Change {
  readonly words: readonly string[];
  /** How far from what was asked: less speed, other rounding, a base to be made anew. */
  readonly distance: number;
  readonly apply: (config: Config, model: PaliGemmaConfig) => readonly [Config, PaliGemmaConfig];
}

const MOST_TRIED = 24;
const MOST_PROPOSED = 3;

/** The nearest settings that fit, by how far they are from those that were asked for. */
function propose(
  config: Config,
  model: PaliGemmaConfig,
  target: Target,
  time: (config: Config, flops: Flops) => number,
): Proposal[] {
  const found: Proposal[] = [];
  let tried = 0;
  for (const change of combinations(changesFor(config, model))) {
    if (found.some(({ changes }) => changes.every((each) => change.words.includes(each)))) continue; // less would do
    if (++tried > MOST_TRIED) break;
    const [changed, base] = change.apply(config, model);
    const { peak_bytes, flops } = planMemory(planStep(changed, base, target));
    if (peak_bytes > target.memory) continue;
    found.push({ changes: change.words, peak_bytes, seconds_a_step: time(changed, flops) });
    if (found.length === MOST_PROPOSED) break;
  }
  return found;
}

/** Kinds of change, each with those that exclude each other. */
function changesFor(config: Config, model: PaliGemmaConfig): readonly (readonly Change[])[] {
  const { train, engine, data, tune } = config;
  const set = (words: readonly string[], distance: number, change: (config: Config) => Config): Change => ({
    ...{ words, distance },
    apply: (asked, base) => [change(asked), base],
  });
  const trainsTower =
    tune !== "lora" || bindLora(loraConfigOf(config), { config: model }).modules.some(({ path }) => isOfImages(path));
  const batch = (rows: number) =>
    set([`train.batch=${rows}`, `train.accumulate=${(train.accumulate * train.batch) / rows}`], 1, (c) => ({
      ...c,
      train: { ...c.train, batch: rows, accumulate: (train.accumulate * train.batch) / rows },
    }));
  const smaller = [Math.floor(train.batch / 2), 1].filter(
    (rows) => rows >= 1 && rows < train.batch && train.batch % rows === 0,
  );
  const blocks = (bits: 8 | 4, block: number, distance: number): Change => ({
    words: [`base=${withoutSlash(config.base)}-int${bits}`],
    distance,
    apply: (asked, base) => [asked, { ...base, blocks: { bits, block } }],
  });
  const weights = (weights: "fp16" | "int8", distance: number) =>
    set([`engine.weights=${weights}`], distance, (c) => ({ ...c, engine: { ...c.engine, weights } }));
  const half = engine.weights === "fp32" ? [weights("fp16", 1.2)] : [];
  const blocksAlone = [blocks(8, 64, 4), blocks(4, 32, 6)]; // as amlc model quantize makes them
  const inBlocks = engine.weights === "int8x2" ? blocksAlone.map((b) => both(weights("fp16", 0), b)) : blocksAlone;
  const isNarrow = model.blocks !== undefined || engine.weights === "int8";
  const narrower = [
    ...half,
    ...(isNarrow ? [] : [weights("int8", 3), ...inBlocks, ...half.flatMap((one) => inBlocks.map((b) => both(one, b)))]),
  ];
  return [
    train.residuals === "recompute"
      ? []
      : [set(["train.residuals=recompute"], 1.5, (c) => ({ ...c, train: { ...c.train, residuals: "recompute" } }))],
    [...new Set(smaller)].map(batch),
    tune === "lora" ? narrower : [],
    data.features !== null || trainsTower
      ? []
      : [set(["data.features=features"], 1.8, (c) => ({ ...c, data: { ...c.data, features: "features" } }))],
  ];
}

const both = (a: Change, b: Change): Change => ({
  words: [...a.words, ...b.words],
  distance: a.distance + b.distance,
  apply: (config, model) => b.apply(...a.apply(config, model)),
});

/** One change or none of each kind, all ways to do so but that of none at all, the nearest first. */
function combinations(kinds: readonly (readonly Change[])[]): Change[] {
  const none: Change = { words: [], distance: 0, apply: (config, model) => [config, model] };
  const all = kinds.reduce(
    (made: Change[], kind) => made.flatMap((each) => [each, ...kind.map((change) => both(each, change))]),
    [none],
  );
  return all.filter(({ distance }) => distance > 0).toSorted((a, b) => a.distance - b.distance);
}

/** A number of a checkpoint, in float32. */
const VALUE = 4;
/** Of a number that is trained: AdamW's two. */
const MOMENTS = 8;

/**
 * Before anything is loaded: the disk has room for the checkpoints that a run has yet to write: the last, the best, which without
 * evaluation appears when the last is written for good, and one more while it takes the place of another.
 * @param run one that goes on: what it has is on the disk already
 * @throws InputError naming the bytes
 */
export async function requireCheckpointRoom(config: Config, run?: RunFolder): Promise<void> {
  if (!existsSync(join(resolveAsset(config.base), CONFIG))) return; // who loads it says what is missing
  const { model } = await describeBase(config.base);
  const atOnce = config.eval.every > 0 ? 3 : 2;
  const there = run ? [run.last, run.best].filter((folder) => findCheckpoint(folder) !== undefined).length : 0;
  await requireFreeDisk(run?.path ?? config.run.dir, Math.max(1, atOnce - there) * checkpointBytes(config, model));
}

/** An adapter is saved alone; beside weights of a base stand those that are frozen. */
function checkpointBytes(config: Config, model: PaliGemmaConfig): number {
  const trained = countTrained(planStep(config, model, { device: "cpu", memory: 0, rows: null }));
  const all = parametersOf(paligemmaParameters(model));
  const frozen = config.tune === "vision" ? all.filter(({ name }) => !isOfImages(name)) : [];
  return (VALUE + MOMENTS) * trained + frozen.reduce((sum, { shape }) => sum + VALUE * sizeOf(shape), 0);
}

/**
 * Before anything is loaded: this machine has the memory that a run takes.
 * @throws InputError with the plan's table and what would fit
 */
export async function requireMemory(config: Config): Promise<void> {
  // Of the other engines only they know whose memory they compute in.
  if (config.engine.name !== "ort" || config.engine.providers[0] !== "cpu") return;
  if (!existsSync(join(resolveAsset(config.base), CONFIG))) return;
  const { model } = await describeBase(config.base);
  const target = { device: "cpu", memory: memoryHere(), rows: await countRows(config) } as const;
  const { peak, peak_bytes } = planMemory(planStep(config, model, target));
  if (peak_bytes <= target.memory) return;
  const [needed, found] = [peak_bytes, target.memory].map(gigabytes);
  const fitting = propose(config, model, target, () => 0);
  const words = fitting.map(({ changes, peak_bytes: bytes }) => `${changes.join(" ")} (${gigabytes(bytes)})`);
  throw new InputError(`this run would take ${needed} of memory, and ${found} are available:\n${memoryTable(peak)}`, {
    hint: `${words.length > 0 ? `these fit: ${words.join("; ")}` : "no settings of this base fit"}; --force trains all the same`,
  });
}
