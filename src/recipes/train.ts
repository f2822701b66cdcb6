import { z } from "zod";
import { formatConfig, loadConfig } from "../config/load.ts";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { idleSettings } from "../engine/create.ts";
import { watchEngine } from "../engine/profile.ts";
import { readJson } from "../formats/json.ts";
import { findCheckpoint, loadCheckpoint } from "../runs/checkpoints.ts";
import { checksumFiles, describeEnvironment } from "../runs/environment.ts";
import { createRun, openRun, type RunFolder } from "../runs/folder.ts";
import { truncateHistory } from "../runs/history.ts";
import { TRAINING } from "../runs/outcome.ts";
import { NOT_STARTED, restoreState } from "../train/state.ts";
import { createTrainer } from "../train/trainer.ts";
import { InputError } from "../util/errors.ts";
import { recoverFolder, writeFileAtomic } from "../util/files.ts";
import { lockFolder } from "../util/folder-lock.ts";
import { openAnswers } from "./answers.ts";
import { type Base, loadBase } from "./base.ts";
import { requireOwnBase } from "./base-of-run.ts";
import type { Observer } from "./observer.ts";
import { requireCheckpointRoom, requireMemory } from "./plan.ts";
import { type Rows, readRows, withCharacters } from "./rows.ts";
import { takeFollowedSteps } from "./tracking/follow.ts";
import { readWandbSettings } from "./tracking/wandb-sink.ts";
import type { TrainingJob, TrainOptions, TrainResult } from "./training-loop.ts";
import { describeTuned, resumeTuned, startTuned, type Tuned } from "./tuned.ts";

export interface StartOptions extends TrainOptions {
  /** Begin also where the plan says that memory or disk will not do. */
  readonly force?: boolean;
}

/**
 * Trains an adapter, or a whole model, by a configuration, in a new run folder.
 * @throws InputError for whatever is wrong with configuration, data or checkpoint, before there is a folder
 */
export async function train(config: Config, { force = false, ...options }: StartOptions = {}): Promise<TrainResult> {
  await readWandbSettings(config);
  if (!force) await requireRoom(config);
  const base = await loadBase(config);
  const job = await prepare(config, base, await startTuned(config, base), options);
  try {
    const environment = await describeEnvironment({
      ...{ seed: config.train.seed, data: dataFiles(config) },
      base: base.model.sample,
    });
    const run = await createRun(config.run, { config: formatConfig(config), environment });
    using _lock = await lockFolder(run.path, TRAINING);
    return await takeFollowedSteps(job, run, NOT_STARTED);
  } finally {
    await job.release();
  }
}

export interface ResumeOptions extends StartOptions {
  /** Settings of engine and trackers to go on with, such as `engine.name=tfjs`; they become the run's own. */
  readonly sets?: readonly string[];
}

/**
 * Goes on with a run where its last checkpoint is, by its own configuration, as if it had never stopped: the adapter at
 * the end is the same bit for bit, if the engine is.
 * @throws InputError when there is no such run, it is being trained right now, its data have changed, or a setting is not
 * the engine's
 */
export async function resume(
  nameOrPath: string,
  { sets = [], force = false, ...options }: ResumeOptions = {},
): Promise<TrainResult> {
  const run = openRun(nameOrPath);
  const config = loadConfig({ config: run.config, sets });
  requireFreeSettings(run, sets);
  await readWandbSettings(config);
  if (!force) await requireRoom(config, run);
  using _lock = await lockFolder(run.path, TRAINING);
  await refuseChangedData(run, config, "or start a new run with lora.init_adapter set to this run's checkpoints/last");
  await Promise.all([recoverFolder(run.last), recoverFolder(run.best)]);
  const files = findCheckpoint(run.last) === undefined ? undefined : await loadCheckpoint(run.last);
  const base = await loadBase(config);
  await requireOwnBase(run, config, base);
  const trained = files ? await resumeTuned(config, base, run.last, files) : await startTuned(config, base);
  const job = await prepare(config, base, trained, options);
  try {
    if (sets.length > 0) await writeFileAtomic(run.config, formatConfig(config));
    const progress = files ? await restoreState(run.last, files, job.trainer) : NOT_STARTED;
    await truncateHistory(run.history, progress.step);
    return await takeFollowedSteps(job, run, progress);
  } finally {
    await job.release();
  }
}

/** @param run one that goes on @throws InputError when there is too little memory or disk */
async function requireRoom(config: Config, run?: RunFolder): Promise<void> {
  await requireMemory(config);
  await requireCheckpointRoom(config, run);
}

/** Engines differ in rounding, and trackers look on; whatever else a run was told has shaped the steps that it took. */
function requireFreeSettings(run: RunFolder, sets: readonly string[]): void {
  const other = sets.find((set) => !/^\s*(engine|track)\s*[.=]/.test(set));
  if (other === undefined) return;
  throw new InputError(`--set ${other}: a run goes on with its own settings, all but those of engine and track`, {
    hint: other.trim().startsWith("lora")
      ? "an adapter keeps the settings that it was begun with: start a new run with others"
      : `edit ${run.config} if its further steps are to be taken by another`,
  });
}

/** Everything that training reads, checked and in memory. Touches no run folder. */
async function prepare(
  config: Config,
  unwatched: Base,
  trained: Tuned,
  options: TrainOptions,
): Promise<TrainingJob & { readonly release: () => Promise<void> }> {
  const { profile: steps } = options;
  const profiling = steps === undefined ? null : { steps, watch: watchEngine(unwatched.engine) };
  const base = profiling ? { ...unwatched, engine: profiling.watch.engine } : unwatched;
  const rows = await withCharacters(await readRows(config.data.train, config, base, true, options), config, base);
  for (const note of idleSettings(config.engine)) options.observer?.note?.(`no effect: ${note}`);
  reportBadRows(rows, options.observer);
  options.observer?.note?.(describeTuned(trained, base.model));
  const answers = config.eval.every > 0 ? await openAnswers("val", config, base, trained, options) : null;
  const { answer_loss, character_loss } = config.train;
  const objective = { answers: answer_loss, characters: character_loss };
  const trainer = createTrainer(base.engine, base.model, trained, { ...config.train, objective });
  return {
    ...options,
    config,
    base,
    trained,
    rows,
    answers,
    trainer,
    profiling,
    release: async () => void (await Promise.all([trainer.release(), answers?.release()])),
  };
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

/**
 * Rows may be added or mended between runs, but not under a run: its order of rows would be another. `otherwise` ends the
 * hint to put the file back.
 */
export async function refuseChangedData(run: RunFolder, config: Config, otherwise: string): Promise<void> {
  const hint = "a run without it can be neither resumed nor repeated";
  const started = await readJson(run.environment, environmentSchema, hint);
  const now = await checksumFiles(dataFiles(config));
  const changed = Object.keys(now).filter((name) => now[name] !== started.data[name]);
  if (changed.length === 0) return;
  throw new InputError(`${run.path}: ${changed.join(", ")} changed since the run was started`, {
    hint: `put the file back, ${otherwise}`,
  });
}
