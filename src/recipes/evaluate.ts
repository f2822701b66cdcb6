import { viewByInput } from "../train/layout.ts";
import { type Evaluation, openAnswers, scorePredictions, writeEvaluation } from "./answers.ts";
import { type CalibrationReport, calibrateRun } from "./calibrate.ts";
import type { Observer } from "./observer.ts";
import { type BlankRule, blankRule } from "./predict/blank-rule.ts";
import { openRunModel, type RunModelOptions } from "./run-model.ts";

export interface EvaluateOptions extends RunModelOptions {
  /** train, val, or a CSV file with the columns of the training data. */
  readonly split: string;
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
  split,
  calibrate = false,
  observer,
  ...source
}: EvaluateOptions): Promise<EvaluationResult> {
  const { run, config, base, trained } = await openRunModel(source);
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
