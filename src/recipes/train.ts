import { readFile } from "node:fs/promises";
import type { ScoreByEntity } from "../challenge/score.ts";
import { formatConfig, loadConfig } from "../config/load.ts";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import type { BadRow } from "../data/bad-rows.ts";
import type { Batch } from "../data/batches.ts";
import { decodeAdapter, encodeAdapter, matchAdapter } from "../model/adapter-files.ts";
import { numImageTokens } from "../model/config.ts";
import type { LoraBinding } from "../model/lora.ts";
import { findCheckpoint, loadCheckpoint, saveCheckpoint } from "../runs/checkpoints.ts";
import { checksumFiles, describeEnvironment, type Environment } from "../runs/environment.ts";
import { createRun, openRun, type RunFolder } from "../runs/folder.ts";
import { appendHistory, type HistoryRecord, truncateHistory } from "../runs/history.ts";
import { lockRun } from "../runs/lock.ts";
import { unpackAdapter } from "../train/adapter-vector.ts";
import { planSteps } from "../train/plan.ts";
import { learningRate } from "../train/schedule.ts";
import { encodeState, NOT_STARTED, restoreState, type TrainingProgress } from "../train/state.ts";
import { createTrainer, type StepResult, type Trainer } from "../train/trainer.ts";
import { monotonicSeconds } from "../util/clock.ts";
import { AmlcError, InputError, InterruptedError } from "../util/errors.ts";
import { recoverFolder, writeFileAtomic } from "../util/files.ts";
import { type Answers, openAnswers, writeEvaluation } from "./answers.ts";
import { type Base, bindLora, loadBase, loraConfigOf, startingAdapter } from "./base.ts";
import type { Observer } from "./observer.ts";
import { type Rows, readRows } from "./rows.ts";
import { trainingSteps } from "./steps.ts";

export interface TrainOptions {
  readonly observer?: Observer;
  /** When aborted, the step under way is finished and saved, and training ends with an InterruptedError. */
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  /** Path of the run's folder. */
  readonly run: string;
  readonly steps: number;
  /** Of the last step, before its update. */
  readonly loss: number;
  /** The best evaluation, by eval.metric. */
  readonly best: TrainingProgress["best"];
}

/**
 * Trains an adapter by a configuration, in a new run folder.
 * @throws InputError for whatever is wrong with configuration, data or checkpoint, before the first step
 */
export async function train(config: Config, options: TrainOptions = {}): Promise<TrainResult> {
  const base = await loadBase(config); // a typing error in a path must not leave an empty run behind
  const environment = await describeEnvironment({ seed: config.train.seed, data: dataFiles(config) });
  const run = createRun(config.run);
  return trainInFolder(run, config, base, options, async () => {
    await writeFileAtomic(run.environment, `${JSON.stringify(environment, null, 2)}\n`);
    await writeFileAtomic(run.config, formatConfig(config));
  });
}

/**
 * Goes on with a run where its last checkpoint is, by its own configuration, as if it had never stopped: the adapter at
 * the end is the same bit for bit.
 * @throws InputError when there is no such run, it is being trained right now, or its data have changed
 */
export async function resume(nameOrPath: string, options: TrainOptions = {}): Promise<TrainResult> {
  const run = openRun(nameOrPath);
  const config = loadConfig({ config: run.config });
  return trainInFolder(run, config, await loadBase(config), options, () => refuseChangedData(run, config));
}

async function trainInFolder(
  run: RunFolder,
  config: Config,
  base: Base,
  options: TrainOptions,
  prepare: () => Promise<void>,
): Promise<TrainResult> {
  const lock = await lockRun(run.path);
  try {
    await prepare();
    const binding = bindLora(loraConfigOf(config), base.model);
    const rows = await readRows(config.data.train, config, base, true);
    reportBadRows(rows, options.observer);
    const trainer = createTrainer(
      base.engine,
      base.model,
      binding,
      await startingAdapter(config, binding),
      config.train,
    );
    const answers = config.eval.every > 0 ? await openAnswers("val", config, base, binding) : null;
    try {
      const start = await continueFrom(run, trainer, binding);
      return await loop({ run, config, base, binding, rows, trainer, answers, ...options }, start);
    } finally {
      await Promise.all([trainer.release(), answers?.release()]);
    }
  } finally {
    lock.release();
  }
}

/** Puts the last checkpoint's adapter and state into the trainer, if there is one, and forgets what came after it. */
async function continueFrom(run: RunFolder, trainer: Trainer, binding: LoraBinding): Promise<TrainingProgress> {
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

interface Running extends TrainOptions {
  readonly run: RunFolder;
  readonly config: Config;
  readonly base: Base;
  readonly binding: LoraBinding;
  readonly rows: Rows;
  readonly trainer: Trainer;
  readonly answers: Answers | null;
}

/** Training from top to bottom: differentiate, update, evaluate, write down, save. */
async function loop(running: Running, start: TrainingProgress): Promise<TrainResult> {
  const { config, rows, trainer, answers, run, observer, signal } = running;
  const plan = planSteps(rows.samples.length, config.train);
  const reportBad = ({ line, reason }: BadRow) => observer?.note?.(`${rows.csv}: line ${line}: passed over: ${reason}`);
  const imageTokens = numImageTokens(running.base.model.config.vision);
  let progress = start;
  let loss = Number.NaN;
  let began = monotonicSeconds();
  for await (const { step, epoch, batches } of trainingSteps({ ...running, passOver: reportBad }, plan, start.step)) {
    const result = await trainer.differentiate(batches, step);
    requireFinite(step, result, rows.csv, batches);
    const lr = learningRate(step, plan.total, config.train);
    trainer.update(result.gradNorm, lr);
    loss = result.loss;
    progress = { ...progress, step };
    const seconds = monotonicSeconds() - began;

    const due = answers && (step % config.eval.every === 0 || step === plan.total);
    const evaluated = due ? await evaluateNow(running, answers) : null;
    if (evaluated) progress = judge(progress, step, evaluated, config);
    const record = describeStep({ step, epoch, lr, seconds, ...result }, batches, imageTokens, evaluated);
    appendHistory(run.history, record);
    observer?.step?.(record, plan.total);

    const stale = config.eval.patience !== null && progress.evaluations_without_better >= config.eval.patience;
    const ends = step === plan.total || stale || signal?.aborted === true;
    if (progress.best?.step === step) await save(running, run.best, progress);
    if (ends || (config.train.save_every > 0 && step % config.train.save_every === 0))
      await save(running, run.last, progress);
    if (stale) {
      observer?.note?.(
        `stopped after step ${step}: ${config.eval.patience} evaluations without a better ${config.eval.metric}`,
      );
      break;
    }
    if (signal?.aborted && step < plan.total) {
      throw new InterruptedError(
        `stopped and saved after step ${step} of ${plan.total}`,
        `go on with: amlc train --resume ${run.path}`,
      );
    }
    began = monotonicSeconds();
  }
  // Without an evaluation there is nothing to choose by: the best adapter is the last.
  if (progress.best === null && progress.step > 0) await save(running, run.best, progress);
  return { run: run.path, steps: progress.step, loss, best: progress.best };
}

/** A loss or gradient that is no number ends the run before it reaches the adapter. */
function requireFinite(step: number, { loss, gradNorm }: StepResult, csv: string, batches: readonly Batch[]): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;
  const lines = batches.flatMap(({ rows }) => rows.map(({ line }) => line));
  throw new AmlcError(
    `step ${step}: the loss is ${loss} and the gradient's norm ${gradNorm}; rows: ${csv}, lines ${lines.join(", ")}`,
    {
      hint: "the last checkpoint is good: resume from it with a lower train.lr or more train.warmup_steps in the run's config.yaml, and look at these rows",
    },
  );
}

interface Evaluated {
  readonly score: ScoreByEntity;
  /** Mean over all answer tokens; null when eval.metric is not loss. */
  readonly loss: number | null;
}

async function evaluateNow({ config, trainer, run, observer }: Running, answers: Answers): Promise<Evaluated> {
  const evaluation = await answers.evaluate(trainer.inputs, observer);
  await writeEvaluation(run, evaluation);
  observer?.evaluated?.(evaluation.split, evaluation.score);
  const loss = config.eval.metric === "loss" ? await trainer.loss(answers.withTruth()) : null;
  return { score: evaluation.score, loss };
}

/** Whether an evaluation is the best so far; a tie goes to the earlier one. */
function judge(
  progress: TrainingProgress,
  step: number,
  { score, loss }: Evaluated,
  { eval: { metric } }: Config,
): TrainingProgress {
  const value = metric === "f1" ? score.f1 : loss!;
  const better =
    progress.best === null || (metric === "f1" ? value > progress.best.value : value < progress.best.value);
  return better
    ? { ...progress, best: { step, value }, evaluations_without_better: 0 }
    : { ...progress, evaluations_without_better: progress.evaluations_without_better + 1 };
}

interface Step extends StepResult {
  readonly step: number;
  readonly epoch: number;
  readonly lr: number;
  readonly seconds: number;
}

/** One line of history. Speeds count reading the rows, but not evaluating and saving. */
function describeStep(
  step: Step,
  batches: readonly Batch[],
  imageTokens: number,
  evaluated: Evaluated | null,
): HistoryRecord {
  const samples = batches.reduce((n, { suffixLengths }) => n + suffixLengths.length, 0);
  const text = batches.reduce(
    (n, { prefixLengths, suffixLengths }) => n + sumOf(prefixLengths) + sumOf(suffixLengths),
    0,
  );
  return {
    step: step.step,
    epoch: step.epoch,
    loss: step.loss,
    grad_norm: step.gradNorm,
    lr: step.lr,
    samples,
    answer_tokens: step.answerTokens,
    seconds: step.seconds,
    samples_per_s: samples / step.seconds,
    tokens_per_s: (text + samples * imageTokens) / step.seconds,
    rss_bytes: process.memoryUsage.rss(),
    ...(evaluated && {
      eval_f1: evaluated.score.f1,
      eval_precision: evaluated.score.precision,
      eval_recall: evaluated.score.recall,
    }),
    ...(evaluated?.loss != null && { eval_loss: evaluated.loss }),
  };
}

const sumOf = (numbers: Int32Array): number => numbers.reduce((a, b) => a + b, 0);

async function save({ trainer, config, base }: Running, folder: string, progress: TrainingProgress): Promise<void> {
  const adapter = {
    config: loraConfigOf(config),
    weights: unpackAdapter(trainer.layout, trainer.values),
    base: base.model.folder,
  };
  await saveCheckpoint(folder, { ...encodeAdapter(adapter), ...encodeState(trainer, progress) });
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

/** Rows may be added or mended between runs, but not under a run: its order of rows would be another. */
async function refuseChangedData(run: RunFolder, config: Config): Promise<void> {
  const started = JSON.parse(await readFile(run.environment, "utf8")) as Environment;
  const now = await checksumFiles(dataFiles(config));
  const changed = Object.keys(now).filter((name) => now[name] !== started.data[name]);
  if (changed.length === 0) return;
  throw new InputError(`${run.path}: ${changed.join(", ")} changed since the run was started`, {
    hint: "put the file back, or start a new run with lora.init_adapter set to this run's checkpoints/last",
  });
}
