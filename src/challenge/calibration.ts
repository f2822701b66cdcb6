import { fitLogistic, sigmoid } from "../util/logistic.ts";
import { outcomeOf, scoreRows } from "./score.ts";

/** An answer and what was wanted; "" is none. */
export interface ConfidentAnswer {
  /** How likely the model holds its answer to be, 0 to 1. */
  readonly confidence: number;
  readonly prediction: string;
  readonly truth: string;
}

/** Probability that an answer is right: σ(a · logit(confidence) + b). */
export interface Platt {
  readonly a: number;
  readonly b: number;
}

/** Answers of about the same confidence. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Mean confidence, and share of right answers; null where there are no rows. */
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

export interface Reliability {
  readonly bins: readonly ReliabilityBin[];
  readonly rows: number;
  /** Mean distance of confidence and accuracy over the rows, each by its bin (Guo et al. 2017); 0 without rows. */
  readonly ece: number;
}

/** What was found on answered rows whose truth is known, and how much it changed there. */
export interface Calibration extends Platt {
  /** An answer that is less likely to be right, once calibrated, is better left blank. */
  readonly threshold: number;
  /** Share of rows that have a truth. */
  readonly q: number;
  readonly rows: number;
  readonly empty_truths: number;
  readonly f1_before: number;
  readonly f1_after: number;
  readonly ece_before: number;
  readonly ece_after: number;
}

/** When to answer, and F1 of the rows at hand before and after some answers are left blank. */
export interface AnswerThreshold {
  readonly threshold: number;
  readonly q: number;
  readonly f1Before: number;
  readonly f1After: number;
  readonly blanked: number;
}

const isAnswered = ({ prediction }: ConfidentAnswer) => prediction.trim() !== "";
const isRight = ({ prediction, truth }: ConfidentAnswer) => outcomeOf(prediction, truth) === "tp";

/** Answers by confidence in bins of equal width. Rows without an answer are left out; an answer where none is wanted is wrong. */
export function reliability(rows: readonly ConfidentAnswer[], bins = 10): Reliability {
  const sums = Array.from({ length: bins }, () => ({ rows: 0, confidence: 0, right: 0 }));
  const answered = rows.filter(isAnswered);
  for (const row of answered) {
    const bin = sums[Math.min(bins - 1, Math.floor(row.confidence * bins))];
    bin.rows++;
    bin.confidence += row.confidence;
    if (isRight(row)) bin.right++;
  }
  const distance = sums.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0);
  return {
    bins: sums.map((bin, i) => ({
      ...{ from: i / bins, to: (i + 1) / bins, rows: bin.rows },
      confidence: bin.rows === 0 ? null : bin.confidence / bin.rows,
      accuracy: bin.rows === 0 ? null : bin.right / bin.rows,
    })),
    rows: answered.length,
    ece: answered.length === 0 ? 0 : distance / answered.length,
  };
}

const NEAREST = 1e-6; // to 0 and to 1: beyond, a confidence says more of rounding than of the answer

function logit(confidence: number): number {
  const inside = Math.min(1 - NEAREST, Math.max(NEAREST, confidence));
  return Math.log(inside / (1 - inside));
}

/** Probability that an answer of this confidence is right. */
export const calibrate = (confidence: number, { a, b }: Platt): number => sigmoid(a * logit(confidence) + b);

/** The rows with calibrated confidences. */
export function calibrateRows(rows: readonly ConfidentAnswer[], platt: Platt): ConfidentAnswer[] {
  return rows.map((row) => ({ ...row, confidence: calibrate(row.confidence, platt) }));
}

/**
 * Platt scaling (Platt 1999) of the answered rows: a and b that make what came out likeliest, where right answers count as
 * (n₊ + 1) / (n₊ + 2) and wrong ones as 1 / (n₋ + 2), so that a finite best exists even when confidence tells them apart
 * without error, or all are right. Without answers, confidences are left as they are.
 */
export function fitPlatt(rows: readonly ConfidentAnswer[]): Platt {
  const answered = rows.filter(isAnswered);
  if (answered.length === 0) return { a: 1, b: 0 };
  const right = answered.filter(isRight).length;
  const [whenRight, whenWrong] = [(right + 1) / (right + 2), 1 / (answered.length - right + 2)];
  const targets = Float64Array.from(answered, (row) => (isRight(row) ? whenRight : whenWrong));
  const logits = Float64Array.from(answered, ({ confidence }) => logit(confidence));
  const mean = meanOf(logits);
  const deviation = Math.sqrt(meanOf(logits.map((x) => (x - mean) ** 2)));
  const scale = deviation > 1e-9 ? deviation : 1; // of one confidence throughout, a stays 0
  const { slope, offset } = fitLogistic(
    logits.map((x) => (x - mean) / scale),
    targets,
  );
  return { a: slope / scale, b: offset - (slope * mean) / scale };
}

const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * From which probability p of being right an answer raises the expected F1 = 2TP / (2TP + FP + FN).
 *
 * A right answer adds 2 to both parts of the fraction and a wrong one adds 1 to the lower, so an answer adds 2p to the
 * upper and 2p + (1 − p) = 1 + p to the lower part in expectation. A blank adds 1 to the lower where there is a truth, which
 * is so for a share q of the rows, taken to be the same whatever the confidence. A ratio that may reach F is raised by what has the larger (upper − F · lower): to answer
 * is better when 2p − F(1 + p) ≥ −Fq, that is
 *
 *     p ≥ F(1 − q) / (2 − F).
 *
 * F is what the rule itself reaches. It is found from F of answering all: the rule for a lower F never reaches less than
 * that F (Dinkelbach 1967), and each round leaves out more answers, until none is left out. When every row has a truth,
 * q = 1, the threshold is 0: an answer never hurts. Rows without an answer stay so.
 */
export function answerThreshold(rows: readonly ConfidentAnswer[], platt: Platt): AnswerThreshold {
  const q = rows.length === 0 ? 1 : rows.filter(({ truth }) => truth.trim() !== "").length / rows.length;
  const likelihoods = Float64Array.from(rows.filter(isAnswered), ({ confidence }) => calibrate(confidence, platt));
  const threshold = bestThreshold(likelihoods, rows.length, q);
  const isKept = (row: ConfidentAnswer) => calibrate(row.confidence, platt) >= threshold;
  return {
    ...{ threshold, q },
    f1Before: f1Of(rows),
    f1After: f1Of(rows.map((row) => (isKept(row) ? row : { ...row, prediction: "" }))),
    blanked: likelihoods.filter((p) => p < threshold).length,
  };
}

const f1Of = (rows: readonly ConfidentAnswer[]) =>
  scoreRows(rows.map(({ prediction, truth }) => ({ entity: "", prediction, truth }))).f1;

function bestThreshold(likelihoods: Float64Array, rows: number, q: number): number {
  for (let threshold = 0, reached = expectedF1(likelihoods, rows, q, 0); ; ) {
    threshold = (reached * (1 - q)) / (2 - reached);
    const f1 = expectedF1(likelihoods, rows, q, threshold);
    if (f1 <= reached) return threshold;
    reached = f1;
  }
}

function expectedF1(likelihoods: Float64Array, rows: number, q: number, threshold: number): number {
  let [answered, right] = [0, 0];
  for (const p of likelihoods) {
    if (p < threshold) continue;
    answered++;
    right += p;
  }
  const lower = answered + right + q * (rows - answered);
  return lower === 0 ? 0 : (2 * right) / lower;
}

/** Calibration, threshold and what they do to the rows that they are found on. */
export function fitCalibration(rows: readonly ConfidentAnswer[]): Calibration {
  const { a, b } = fitPlatt(rows);
  const { threshold, q, f1Before, f1After } = answerThreshold(rows, { a, b });
  return {
    ...{ a, b, threshold, q, rows: rows.length },
    empty_truths: rows.filter(({ truth }) => truth.trim() === "").length,
    f1_before: f1Before,
    f1_after: f1After,
    ece_before: reliability(rows).ece,
    ece_after: reliability(calibrateRows(rows, { a, b })).ece,
  };
}

/** As JSON, for a file. */
export const encodeCalibration = (calibration: Calibration): string => `${JSON.stringify(calibration, null, 2)}\n`;
