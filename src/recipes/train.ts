import { z } from "zod";
import { formatConfig, loadConfig } from "../config/load.ts";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { readJson } from "../formats/json.ts";
import { decodeAdapter, matchAdapter } from "../model/adapter-files.ts";
import type { LoraBinding } from "../model/lora.ts";
import type { Model } from "../model/model.ts";
import { findCheckpoint, loadCheckpoint } from "../runs/checkpoints.ts";
import { checksumFiles, describeEnvironment } from "../runs/environment.ts";
import { createRun, openRun, type RunFolder } from "../runs/folder.ts";
import { truncateHistory } from "../runs/history.ts";
import { NOT_STARTED, restoreState, type TrainingProgress } from "../train/state.ts";
import { createTrainer } from "../train/trainer.ts";
import { InputError } from "../util/errors.ts";
import { recoverFolder, writeFileAtomic } from "../util/files.ts";
import { type LockPurpose, lockFolder } from "../util/folder-lock.ts";
import { openAnswers } from "./answers.ts";
import { bindLora, loadBase, loraConfigOf, startingAdapter } from "./base.ts";
import type { Observer } from "./observer.ts";
import { type Rows, readRows } from "./rows.ts";
import { type TrainingJob, type TrainOptions, type TrainResult, takeSteps } from "./training-loop.ts";

const TRAINING: LockPurpose = { prefix: "trainer", does: "is training this run", instead: "start another run" };

/**
 * Trains an adapter by a configuration, in a new run folder.
 * @throws InputError for whatever is wrong with configuration, data or checkpoint, before there is a folder
 */
export async function train(config: Config, options: TrainOptions = {}): Promise<TrainResult> {
  const job = await prepare(config, options);
  try {
    const environment = await describeEnvironment({ seed: config.train.seed, data: dataFiles(config) });
    const run = await createRun(config.run, { config: formatConfig(config), environment });
    using _lock = await lockFolder(run.path, TRAINING);
    return await takeSteps(job, run, NOT_STARTED);
  } finally {
    await job.release();
  }
}

export interface ResumeOptions extends TrainOptions {
  /** Settings of the engine to go on with, such as `engine.name=tfjs`; they become the run's own. */
  readonly sets?: readonly string[];
}

/**
 * Goes on with a run where its last checkpoint is, by its own configuration, as if it had never stopped: the adapter at
 * the end is the same bit for bit, if the engine is.
 * @throws InputError when there is no such run, it is being trained right now, its data have changed, or a setting is not
 * the engine's
 */
export async function resume(nameOrPath: string, { sets = [], ...options }: ResumeOptions = {}): Promise<TrainResult> {
  const run = openRun(nameOrPath);
  requireEngineSettings(run, sets);
  using _lock = await lockFolder(run.path, TRAINING);
  const config = loadConfig({ config: run.config, sets });
  await refuseChangedData(run, config);
  const job = await prepare(config, options);
  try {
    if (sets.length > 0) await writeFileAtomic(run.config, formatConfig(config));
    return await takeSteps(job, run, await continueFrom(run, job));
  } finally {
    await job.release();
  }
}

/** Engines differ in rounding; whatever else a run was told has shaped the steps that it took. */
function requireEngineSettings(run: RunFolder, sets: readonly string[]): void {
  const other = sets.find((set) => !/^\s*engine\s*[.=]/.test(set));
  if (other === undefined) return;
  throw new InputError(`--set ${other}: a run goes on with its own settings, all but those of engine`, {
    hint: `edit ${run.config} if its further steps are to be taken by another`,
  });
}

/** Everything that training reads, checked and in memory. Touches no run folder. */
async function prepare(
  config: Config,
  options: TrainOptions,
): Promise<TrainingJob & { readonly release: () => Promise<void> }> {
  const base = await loadBase(config);
  const binding = bindLora(loraConfigOf(config), base.model);
  const adapter = await startingAdapter(config, binding);
  const rows = await readRows(config.data.train, config, base, true);
  reportBadRows(rows, options.observer);
  options.observer?.note?.(describeAdapter(binding, base.model));
  const answers = config.eval.every > 0 ? await openAnswers("val", config, base, binding) : null;
  const trainer = createTrainer(base.engine, base.model, binding, adapter, config.train);
  return {
    ...options,
    config,
    base,
    binding,
    rows,
    answers,
    trainer,
    release: async () => void (await Promise.all([trainer.release(), answers?.release()])),
  };
}

/** Puts the last checkpoint's adapter and state into the trainer, if there is one, and forgets what came after it. */
async function continueFrom(run: RunFolder, { trainer, binding }: TrainingJob): Promise<TrainingProgress> {
  await Promise.all([recoverFolder(run.last), recoverFolder(run.best)]);
  if (findCheckpoint(run.last) === undefined) {
    await truncateHistory(run.history, 0);
    return NOT_STARTED;
  }
  const files = await loadCheckpoint(run.last);
  const saved = await decodeAdapter(run.last, files);
  matchAdapter(run.last, saved.weights, binding.modules);
  trainer.setAdapter(saved.weights);
  const progress = await restoreState(run.last, files, trainer);
  await truncateHistory(run.history, progress.step);
  return progress;
}

/** `rank 8 on 20 layers: 17,408 numbers are trained, beside 115,296 frozen ones` */
function describeAdapter({ modules, rank }: LoraBinding, { weights }: Model): string {
  const count = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0).toLocaleString("en");
  const trained = count(modules.map(({ out, in: width }) => rank * (out + width)));
  const frozen = count(Object.values(weights).map(({ data }) => data.length));
  return `rank ${rank} on ${modules.length} layers: ${trained} numbers are trained, beside ${frozen} frozen ones`;
}

function reportBadRows({ csv, samples, bad }: Rows, observer: Observer | undefined): void {
  if (bad.length === 0) return;
  const { line, reason } = bad[0]!;
  observer?.note?.(
    `${csv}: ${bad.length} of ${samples.length + bad.length} rows are passed over; the first: line ${line}: ${reason}`,
  );
}

/** Paths of the CSV files by their names in the configuration. */
function dataFiles({ data }: Config): Record<string, string> {
  const names = [data.train, ...(data.val === null ? [] : [data.val])];
  return Object.fromEntries(names.map((name) => [name, resolveAsset(name)]));
}

const environmentSchema = z.object({ data: z.record(z.string(), z.string()) });

/** Rows may be added or mended between runs, but not under a run: its order of rows would be another. */
async function refuseChangedData(run: RunFolder, config: Config): Promise<void> {
  const started = await readJson(run.environment, environmentSchema, "a run without it cannot be resumed");
  const now = await checksumFiles(dataFiles(config));
  const changed = Object.keys(now).filter((name) => now[name] !== started.data[name]);
  if (changed.length === 0) return;
  throw new InputError(`${run.path}: ${changed.join(", ")} changed since the run was started`, {
    hint: "put the file back, or start a new run with lora.init_adapter set to this run's checkpoints/last",
  });
}
