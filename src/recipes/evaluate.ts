import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { loadCheckpoint } from "../runs/checkpoints.ts";
import { openRun } from "../runs/folder.ts";
import { viewByInput } from "../train/layout.ts";
import { type Evaluation, openAnswers, scorePredictions, writeEvaluation } from "./answers.ts";
import { loadBase } from "./base.ts";
import { requireOwnBase } from "./base-of-run.ts";
import { type CalibrationReport, calibrateRun } from "./calibrate.ts";
import { chooseCheckpoint } from "./checkpoint-of-run.ts";
import type { Observer } from "./observer.ts";
import { type BlankRule, blankRule } from "./predict/blank-rule.ts";
import { decodeTuned } from "./tuned.ts";

export interface EvaluateOptions {
  /** Name or path of a run. */
  readonly run: string;
  /** train, val, all, or a CSV file with the columns of the training data. */
  readonly split: string;
  /** Unless told otherwise best, or last while there is no best. */
  readonly checkpoint?: "best" | "last";
  /** Settings of the run's configuration to change, as `data.images=photos`. */
  readonly sets?: readonly string[];
  /** Whether to fit what confidences mean to these rows; answers then are as they came, none left blank. */
  readonly calibrate?: boolean;
  readonly observer?: Observer;
}

export interface EvaluationResult extends Evaluation {
  /** Where it was written. */
  readonly files: readonly string[];
  readonly calibration?: CalibrationReport;
}

/**
 * Answers the rows of a split with what a run has trained, scores the answers by the challenge's rules, and writes
 * `eval-SPLIT.json` and `predictions-SPLIT.csv` into the run's folder.
 * @throws InputError when the run has no checkpoint yet, or it does not fit its base
 */
export async function evaluate({
  run: nameOrPath,
  split,
  checkpoint,
  sets = [],
  calibrate = false,
  observer,
}: EvaluateOptions): Promise<EvaluationResult> {
  const run = openRun(nameOrPath);
  const config: Config = loadConfig({ config: run.config, sets });
  const folder = chooseCheckpoint(run, checkpoint);
  const base = await loadBase(config);
  await requireOwnBase(run, config, base);
  const trained = await decodeTuned(config, base, folder, await loadCheckpoint(folder));
  const answers = await openAnswers(split, config, base, trained, observer ? { observer } : {});
  try {
    const asked = await answers.evaluate(viewByInput(trained.layout, trained.values), observer);
    const evaluation = calibrate ? asked : leaveBlank(asked, await blankRule(config, run));
    const files = await writeEvaluation(run, evaluation);
    return { ...evaluation, files, ...(calibrate && { calibration: await calibrateRun(run, evaluation.predictions) }) };
  } finally {
    await answers.release();
  }
}

/** Answers without those that are better left blank, and what they then score. */
function leaveBlank(evaluation: Evaluation, isBlank: BlankRule): Evaluation {
  const predictions = evaluation.predictions.map((row) => (isBlank(row.confidence) ? { ...row, prediction: "" } : row));
  return { ...evaluation, predictions, score: scorePredictions(predictions) };
}
