import type { Config } from "../config/schema.ts";
import type { BadRow } from "../data/bad-rows.ts";
import type { Batch } from "../data/batches.ts";
import { inPhase } from "../engine/profile-trace.ts";
import { numImageTokens } from "../model/config.ts";
import { findCheckpoint, saveCheckpoint } from "../runs/checkpoints.ts";
import type { RunFolder } from "../runs/folder.ts";
import { appendHistory, type HistoryRecord, readHistory, syncHistory } from "../runs/history.ts";
import { canHalve } from "../train/loss-scale.ts";
import { formatOverflow } from "../train/overflow-probe.ts";
import { planSteps } from "../train/plan.ts";
import { learningRate } from "../train/schedule.ts";
import { encodeState, type TrainingProgress } from "../train/state.ts";
import type { StepResult, Trainer } from "../train/trainer.ts";
import { monotonicSeconds } from "../util/clock.ts";
import { AmlcError, InterruptedError } from "../util/errors.ts";
import { type Answers, type Evaluation, writeEvaluation } from "./answers.ts";
import type { Base } from "./base.ts";
import type { Observer } from "./observer.ts";
import { type ProfileReport, type Profiling, profileSteps } from "./profile.ts";
import type { Rows } from "./rows.ts";
import { type Evaluated, recordStep } from "./step-record.ts";
import { trainingSteps } from "./steps.ts";
import { encodeTuned, type Tuned } from "./tuned.ts";

export interface TrainOptions {
  readonly observer?: Observer;
  /** When aborted, the step under way is finished and saved, and training ends with an InterruptedError. */
  readonly signal?: AbortSignal;
  /** When a loss or gradient is not finite, the step is run once more to tell which operation overflows first. */
  readonly debugOverflow?: boolean;
  /** So many steps are profiled, from the second on: the first compiles. */
  readonly profile?: number | undefined;
}

/** What training needs, read and checked. */
export interface TrainingJob extends TrainOptions {
  readonly config: Config;
  readonly base: Base;
  readonly trained: Tuned;
  readonly rows: Rows;
  readonly trainer: Trainer;
  /** Of the validation rows; null when there is no evaluation on the way. */
  readonly answers: Answers | null;
  readonly profiling: Profiling | null;
}

/** What is told as training goes on, beside the run's own history. */
export interface Follower {
  step(record: HistoryRecord, evaluation: Evaluation | null): Promise<void> | void;
}

export interface TrainResult {
  /** Path of the run's folder. */
  readonly run: string;
  readonly steps: number;
  /** Of the last step, before its update. */
  readonly loss: number;
  /** The best evaluation, by eval.metric. */
  readonly best: TrainingProgress["best"];
  /** When steps were profiled. */
  readonly profile?: ProfileReport;
}

/**
 * Training from top to bottom: differentiate, update, evaluate, write down, save. `start` is how far the trainer is.
 * @throws AmlcError when the loss is no number, InterruptedError when the signal ended it
 */
export async function takeSteps(
  job: TrainingJob,
  run: RunFolder,
  start: TrainingProgress,
  follower?: Follower,
): Promise<TrainResult> {
  const { config, rows, trainer, answers, observer, signal } = job;
  const plan = planSteps(rows.samples.length, config.train);
  const imageTokens = numImageTokens(job.base.model.config.vision);
  const passOver = ({ line, reason }: BadRow) => observer?.note?.(`${rows.csv}: line ${line}: passed over: ${reason}`);
  const { engine } = job.base;
  const save = (folder: string) =>
    inPhase(engine, "save", async () => {
      await syncHistory(run.history);
      await saveProgress(job, folder, progress);
    });
  const { patience } = config.eval;
  const isStale = () => patience !== null && progress.evaluations_without_better >= patience;

  let progress = start;
  let saved = start.step;
  let loss = readHistory(run.history).at(-1)?.loss ?? Number.NaN;
  let began = monotonicSeconds();
  const profile = job.profiling && profileSteps(job.profiling, { ...job, run, start: start.step, total: plan.total });
  const ahead = trainingSteps({ ...job, passOver }, plan, start.step);
  const steps = isStale() ? [] : (profile?.reading(ahead) ?? ahead);
  for await (const { step, epoch, batches } of steps) {
    const result = await trainer.differentiate(batches, step, (share) => {
      if (share < 1) observer?.within?.(step - 1 + share, plan.total);
    });
    if (job.debugOverflow && !isFiniteStep(result)) {
      const overflow = await trainer.findOverflow(batches, step);
      observer?.note?.(
        `step ${step}: ${overflow ? `not finite first: ${formatOverflow(overflow)}` : "all is finite when run again"}`,
      );
    }
    requireFinite(step, result, job, batches, run);
    const lr = learningRate(step, plan.total, config.train);
    if (!(await inPhase(engine, "update", () => trainer.update(result.gradNorm, lr)))) {
      observer?.note?.(
        `step ${step} is skipped: its gradient overflows; the loss's scale falls to ${trainer.lossScale!.scale}`,
      );
    }
    loss = result.loss;
    progress = { ...progress, step };
    const seconds = monotonicSeconds() - began;

    const due = answers && (step % config.eval.every === 0 || step === plan.total);
    const evaluated = due ? await inPhase(engine, "evaluate", () => evaluateNow(job, run, answers)) : null;
    if (evaluated) progress = judge(progress, step, evaluated, config);
    const skippedSteps = trainer.lossScale?.skipped_steps ?? 0;
    const record = recordStep({ step, epoch, lr, seconds, evaluated, skippedSteps, ...result }, batches, imageTokens);
    appendHistory(run.history, record);
    await follower?.step(record, evaluated?.evaluation ?? null);
    observer?.step?.(record, plan.total);

    if (progress.best?.step === step) await save(run.best);
    const isLast = isStale() || signal?.aborted;
    if (!isLast && config.train.save_every > 0 && step % config.train.save_every === 0) {
      await save(run.last);
      saved = step;
    }
    await profile?.stepDone();
    if (isLast) break;
    began = monotonicSeconds();
  }
  if (progress.step > saved) await save(run.last);
  await profile?.end();
  const skipped = trainer.lossScale?.skipped_steps ?? 0;
  if (skipped > 0) {
    const all = skipped === progress.step ? ": nothing was learnt; lower train.loss_scale" : "";
    observer?.note?.(`${skipped} of ${progress.step} steps were skipped, for their gradients overflowed${all}`);
  }
  if (isStale()) {
    observer?.note?.(
      `stopped after step ${progress.step}: ${patience} evaluations without a better ${config.eval.metric}`,
    );
  } else if (signal?.aborted && progress.step < plan.total) {
    throw new InterruptedError(
      `stopped and saved after step ${progress.step} of ${plan.total}`,
      `go on with: amlc train --resume ${run.path}`,
    );
  }
  // Without an evaluation there is nothing to choose by: the best adapter is the last.
  if (progress.best === null) await save(run.best);
  const report = profile?.report;
  return { run: run.path, steps: progress.step, loss, best: progress.best, ...(report && { profile: report }) };
}

const isFiniteStep = ({ loss, gradNorm }: StepResult) => Number.isFinite(loss) && Number.isFinite(gradNorm);

/**
 * A loss or gradient that is no number ends the run before it reaches the adapter. Where the loss is scaled, a gradient
 * that overflows may be the scale's fault, as long as there is something left of it; a loss never is.
 */
function requireFinite(
  step: number,
  result: StepResult,
  { rows: { csv }, trainer, debugOverflow }: TrainingJob,
  batches: readonly Batch[],
  run: RunFolder,
): void {
  const { loss, gradNorm, lossScale } = result;
  const mayScaleBeToBlame = Number.isFinite(loss) && trainer.lossScale !== null && canHalve(trainer.lossScale);
  if (isFiniteStep(result) || mayScaleBeToBlame) return;
  const lines = batches.flatMap(({ rows }) => rows.map(({ line }) => line));
  const remedy = `a lower train.lr, more train.warmup_steps${
    lossScale === null
      ? " or a smaller train.max_grad_norm"
      : ", a smaller train.max_grad_norm or engine.products: fp32"
  }`;
  const scaled = lossScale === null ? "" : ` at a loss scale of ${lossScale}`;
  throw new AmlcError(
    `step ${step}: the loss is ${loss} and the gradient's norm ${gradNorm}${scaled}; rows: ${csv}, lines ${lines.join(", ")}`,
    {
      hint: `look at these rows; ${
        findCheckpoint(run.last)
          ? `set ${remedy} in ${run.config}, then: amlc train --resume ${run.path}`
          : `start again with ${remedy}`
      }${debugOverflow ? "" : "; --debug-overflow tells which operation overflows first"}`,
    },
  );
}

async function evaluateNow(
  { config, trainer, observer }: TrainingJob,
  run: RunFolder,
  answers: Answers,
): Promise<Evaluated & { readonly evaluation: Evaluation }> {
  const evaluation = await answers.evaluate(trainer.inputs, observer);
  await writeEvaluation(run, evaluation);
  observer?.evaluated?.(evaluation.split, evaluation.score);
  const loss = config.eval.metric === "loss" ? await trainer.loss(answers.withTruth()) : null;
  return { evaluation, score: evaluation.score, loss };
}

/** Whether an evaluation is the best so far; a tie goes to the earlier one. */
function judge(
  progress: TrainingProgress,
  step: number,
  { score, loss }: Evaluated,
  { eval: { metric } }: Config,
): TrainingProgress {
  const value = metric === "f1" ? score.f1 : loss!;
  const before = progress.best?.value ?? (metric === "f1" ? -Infinity : Infinity);
  const better = metric === "f1" ? value > before : value < before;
  return better
    ? { ...progress, best: { step, value }, evaluations_without_better: 0 }
    : { ...progress, evaluations_without_better: progress.evaluations_without_better + 1 };
}

async function saveProgress(
  { trainer, trained, config }: TrainingJob,
  folder: string,
  progress: TrainingProgress,
): Promise<void> {
  const weights = await encodeTuned(config, trained, trainer.values);
  await saveCheckpoint(folder, { ...weights, ...encodeState(trainer, progress) });
}
