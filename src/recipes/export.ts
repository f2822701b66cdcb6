import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import type { ScoreByEntity } from "../challenge/score.ts";
import { loadConfig } from "../config/load.ts";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { fillPrompt } from "../data/prompt.ts";
import { writeAdapter } from "../export/adapter.ts";
import { MERGED_DTYPES, type MergedDtype, writeMerged } from "../export/merged.ts";
import { type MergedWeights, openMergedWeights } from "../export/merged-weights.ts";
import { adapterCard, mergedCard, type Origin } from "../export/model-card.ts";
import { readJson } from "../formats/json.ts";
import { decodeAdapter, type SavedAdapter } from "../model/adapter-files.ts";
import { ADAPTER_DIALECTS, type AdapterDialect } from "../model/weight-names.ts";
import { findCheckpoint, loadCheckpoint } from "../runs/checkpoints.ts";
import { openRun, type RunFolder } from "../runs/folder.ts";
import { readStep } from "../train/state.ts";
import { InputError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.ts";
import { formatCount } from "../util/format-number.ts";
import { requireOneOf } from "../util/one-of.ts";
import { readManifest } from "../util/package.ts";
import { endIfStopped, writeWholeFolder } from "../util/whole-folder.ts";
import { requireOwnWeights } from "./base-of-run.ts";
import { chooseCheckpoint } from "./checkpoint-of-run.ts";
import type { Observer } from "./observer.ts";

export interface ExportOptions {
  /** Name or path of a run. */
  readonly run: string;
  /** Unless told otherwise best, or last while there is no best. */
  readonly checkpoint?: "best" | "last";
  readonly output: string;
  /** Settings of the run's configuration to change, as `base=elsewhere/paligemma`. */
  readonly sets?: readonly string[];
  readonly observer?: Observer;
  /** Once aborted, the export ends with an InterruptedError and leaves nothing. */
  readonly signal?: AbortSignal;
}

export interface ExportMergedOptions extends ExportOptions {
  /** Type of the weights in the files, by default fp32; they are added up in float32 whatever it is. */
  readonly dtype?: MergedDtype;
}

export interface ExportAdapterOptions extends ExportOptions {
  /** Whose names of modules the files have, by default those of the newest transformers. */
  readonly dialect?: AdapterDialect;
}

interface ExportReport {
  readonly folder: string;
  readonly run: string;
  readonly checkpoint: "best" | "last";
  /** Optimiser steps that led to it. */
  readonly step: number;
  readonly base: string;
  /** How it was trained to be asked. */
  readonly asked: ReturnType<typeof askedOf>;
  readonly files: readonly string[];
}

export interface ExportMergedReport extends ExportReport {
  readonly dtype: MergedDtype;
  readonly parameters: number;
  /** Of the weights. */
  readonly bytes: number;
}

export interface ExportAdapterReport extends ExportReport {
  readonly dialect: AdapterDialect;
  readonly parameters: number;
}

/** By this file a folder is known as an earlier export, which may be replaced. */
export const REPORT = "export.json";
const CARD = "README.md";

/**
 * Writes what a run has trained as a Hugging Face folder: its adapter folded into the base, W + s·B·A in float32 before any
 * rounding, or the weights that it trained. The folder appears when all is there.
 * @throws InputError when the run has no checkpoint or another base, or something else stands at `output`; InterruptedError
 */
export async function exportMerged(options: ExportMergedOptions): Promise<ExportMergedReport> {
  const { dtype = "fp32", observer, signal } = options;
  requireOneOf("dtype", dtype, MERGED_DTYPES);
  const source = await openRunCheckpoint(options);
  await using weights = await openRunWeights(source);
  if (source.adapter) await requireOwnWeights(source.run, source.config, weights);
  return await writeExport(options, source, async (folder, origin) => {
    observer?.note?.(`${origin.run}: ${weights.parameters.length} weights are added up and written as ${dtype}`);
    const onWritten = (done: number, total: number) => observer?.read?.(done, total);
    const written = await writeMerged(folder, weights, { dtype, onWritten, ...(signal && { signal }) });
    return { ...written, dtype, card: mergedCard(basename(resolve(options.output)), origin, dtype) };
  });
}

/**
 * Writes the adapter of a run as PEFT reads it beside some release of transformers.
 * @throws InputError when the run has no checkpoint or trains no adapter, or something else stands at `output`;
 * InterruptedError when the signal ended it
 */
export async function exportAdapter(options: ExportAdapterOptions): Promise<ExportAdapterReport> {
  const { dialect = "transformers>=5.6" } = options;
  requireOneOf("dialect", dialect, ADAPTER_DIALECTS);
  const source = await openRunCheckpoint(options);
  const { adapter, config, run } = source;
  if (!adapter) {
    throw new InputError(`${run.path}: trains ${wordsOfTune(config)} (tune: ${config.tune}), and has no adapter`, {
      hint: `its weights are exported by: amlc export merged --run ${run.path} -o FOLDER`,
    });
  }
  return writeExport(options, source, async (folder, origin) => ({
    files: await writeAdapter(folder, { ...adapter, base: config.base }, dialect),
    dialect,
    parameters: [...adapter.weights.values()].reduce((sum, { a, b }) => sum + a.data.length + b.data.length, 0),
    card: adapterCard(basename(resolve(options.output)), origin, dialect),
  }));
}

/** What of a run is exported. */
interface RunCheckpoint {
  readonly run: RunFolder;
  readonly config: Config;
  readonly folder: string;
  readonly checkpoint: "best" | "last";
  readonly step: number;
  readonly adapter: SavedAdapter | undefined;
}

/** Its weights in float32: the base's with the adapter folded in, or those that the checkpoint holds itself. */
export function openRunWeights({
  config,
  folder,
  adapter,
}: Pick<RunCheckpoint, "config" | "folder" | "adapter">): Promise<MergedWeights> {
  return adapter
    ? openMergedWeights(resolveAsset(config.base), { source: folder, saved: adapter })
    : openMergedWeights(findCheckpoint(folder)!);
}

/** How a run was trained to be asked, and how it is answered. */
export const askedOf = ({ data, eval: evaluation, decode }: Config) => ({
  prompt: data.prompt,
  max_new_tokens: evaluation.max_new_tokens,
  constrain: decode.constrain,
  n_best: decode.n_best,
});

async function openRunCheckpoint({ run: nameOrPath, checkpoint, sets = [] }: ExportOptions): Promise<RunCheckpoint> {
  const run = openRun(nameOrPath);
  const config = loadConfig({ config: run.config, sets });
  const folder = chooseCheckpoint(run, checkpoint);
  const files = await loadCheckpoint(folder);
  const adapter = config.tune === "lora" ? await decodeAdapter(folder, files) : undefined;
  const step = readStep(folder, files);
  return { run, config, folder, checkpoint: folder === run.best ? "best" : "last", step, adapter };
}

async function writeExport<T extends { readonly files: readonly string[]; readonly card: string }>(
  { output, observer, signal }: ExportOptions,
  source: RunCheckpoint,
  write: (folder: string, origin: Origin) => Promise<T>,
): Promise<Omit<T, "card"> & ExportReport> {
  const { run, checkpoint, step, config } = source;
  const origin = await originOf(source, observer);
  return writeWholeFolder(output, REPORT, async (fresh) => {
    endIfStopped(signal);
    const { card, ...written } = await write(fresh, origin);
    const about = { run: run.name, checkpoint, step, base: config.base, asked: askedOf(config) };
    const files = [...written.files, CARD, REPORT];
    await writeFileAtomic(join(fresh, CARD), card);
    const report = { amlc: readManifest().version, ...about, ...written, files };
    await writeFileAtomic(join(fresh, REPORT), `${JSON.stringify(report, null, 2)}\n`);
    endIfStopped(signal);
    return { folder: output, ...about, ...written, files };
  });
}

async function originOf(
  { run, config, checkpoint, step, adapter }: RunCheckpoint,
  observer: Observer | undefined,
): Promise<Origin> {
  const template = config.data.prompt;
  return {
    ...{ run: run.name, checkpoint, step, base: config.base, rows: config.data.train },
    trained: adapter ? wordsOfAdapter(adapter) : wordsOfTune(config),
    prompt: { template, example: fillPrompt(template, "item_weight") },
    score: await readScore(run.evaluation("val"), observer),
  };
}

const wordsOfTune = ({ tune }: Config) => (tune === "vision" ? "the image tower" : "every weight");

/** `rank 8, alpha 16, on 20 layers: q_proj, v_proj` */
function wordsOfAdapter({ config, weights }: SavedAdapter): string {
  const names = [...new Set([...weights.keys()].map((path) => path.split(".").at(-1)!))];
  return `rank ${config.rank}, alpha ${config.alpha}, on ${formatCount(weights.size)} layers: ${names.join(", ")}`;
}

const count = z.int().min(0);
const ratio = z.number().min(0).max(1);
const score = { f1: ratio, precision: ratio, recall: ratio, tp: count, fp: count, fn: count, tn: count, rows: count };
const scoreSchema = z.object({ ...score, by_entity: z.record(z.string(), z.object(score)) });

/** Figures are good to have: an evaluation that cannot be read is told, and left out. */
async function readScore(path: string, observer: Observer | undefined): Promise<ScoreByEntity | undefined> {
  if (!existsSync(path)) return undefined;
  return readJson(path, scoreSchema).catch((error: unknown) => {
    if (!(error instanceof InputError)) throw error;
    observer?.note?.(`no figures go into ${CARD}: ${error.message}`);
    return undefined;
  });
}
