import type { ScoreByEntity } from "../challenge/score.ts";
import type { Batch } from "../data/batches.ts";
import type { HistoryRecord } from "../runs/history.ts";
import type { StepResult } from "../train/trainer.ts";

/** An evaluation on the way. */
export interface Evaluated {
  readonly score: ScoreByEntity;
  /** Mean over all answer tokens; null when eval.metric is not loss. */
  readonly loss: number | null;
}

export interface TakenStep extends StepResult {
  readonly step: number;
  readonly epoch: number;
  readonly lr: number;
  /** Reading the rows included, evaluating and saving not. */
  readonly seconds: number;
  readonly evaluated: Evaluated | null;
  /** Steps of the run so far that were skipped because their gradient overflowed. */
  readonly skippedSteps: number;
}

/** One line of history. */
export function recordStep(step: TakenStep, batches: readonly Batch[], imageTokens: number): HistoryRecord {
  const samples = batches.reduce((n, { suffixLengths }) => n + suffixLengths.length, 0);
  const text = batches.reduce(
    (n, { prefixLengths, suffixLengths }) => n + sumOf(prefixLengths) + sumOf(suffixLengths),
    0,
  );
  return {
    step: step.step,
    epoch: step.epoch,
    loss: step.loss,
    ...(step.losses && Object.fromEntries(Object.entries(step.losses).map(([name, loss]) => [`${name}_loss`, loss]))),
    grad_norm: step.gradNorm,
    lr: step.lr,
    ...(step.lossScale !== null && { loss_scale: step.lossScale, skipped_steps: step.skippedSteps }),
    samples,
    answer_tokens: step.answerTokens,
    seconds: step.seconds,
    samples_per_s: samples / step.seconds,
    tokens_per_s: (text + samples * imageTokens) / step.seconds,
    rss_bytes: process.memoryUsage.rss(),
    ...(step.evaluated && recordEvaluation(step.evaluated)),
  };
}

function recordEvaluation({ score, loss }: Evaluated): Record<string, number> {
  const { f1, precision, recall } = score;
  return { eval_f1: f1, eval_precision: precision, eval_recall: recall, ...(loss !== null && { eval_loss: loss }) };
}

const sumOf = (numbers: Int32Array): number => numbers.reduce((a, b) => a + b, 0);
