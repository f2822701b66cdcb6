import { drawBinomial } from "../util/binomial.ts";
import { type Random, random } from "../util/random.ts";
import { OUTCOMES, type Outcome } from "./score.ts";

/** How many of some rows had each outcome. */
export type OutcomeCounts = Readonly<Record<Outcome, number>>;

/** A figure and the middle 95 % of what it was in resamples of the rows. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Ratios of the challenge with their intervals; accuracy is the share of right rows, rightly empty ones among them. */
export interface ScoreEstimate extends OutcomeCounts {
  readonly rows: number;
  readonly f1: Estimate;
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly accuracy: Estimate;
}

export interface BootstrapOptions {
  readonly seed?: number;
  readonly resamples?: number;
}

const RESAMPLES = 2000;
const LEVEL = 0.95;

/** A ratio whose denominator is 0 is 0, as in the score. */
const RATIOS = {
  f1: (tp: number, fp: number, fn: number) => ratio(2 * tp, 2 * tp + fp + fn),
  precision: (tp: number, fp: number) => ratio(tp, tp + fp),
  recall: (tp: number, _fp: number, fn: number) => ratio(tp, tp + fn),
  accuracy: (tp: number, fp: number, fn: number, tn: number) => ratio(tp + tn, tp + fp + fn + tn),
} as const;

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/**
 * Percentile bootstrap over rows. The ratios see of a row its outcome alone, so rows drawn with replacement are counts
 * drawn from a multinomial distribution: the same thing at a cost that does not grow with the rows.
 */
export function estimateScore(counts: OutcomeCounts, { seed = 0, resamples = RESAMPLES }: BootstrapOptions = {}) {
  const observed = OUTCOMES.map((outcome) => counts[outcome]);
  const stream = random(seed, "bootstrap of a score");
  const names = Object.keys(RATIOS) as (keyof typeof RATIOS)[];
  const drawn = names.map(() => new Float64Array(resamples));
  const cells = new Float64Array(observed.length);
  for (let i = 0; i < resamples; i++) {
    drawCounts(stream, observed, cells);
    for (let r = 0; r < names.length; r++) {
      drawn[r][i] = RATIOS[names[r]](cells[0], cells[1], cells[2], cells[3]);
    }
  }
  const [tp, fp, fn, tn] = observed;
  const estimates = names.map((name, r) => [name, estimate(RATIOS[name](tp, fp, fn, tn), drawn[r])] as const);
  return { ...counts, rows: tp + fp + fn + tn, ...Object.fromEntries(estimates) } as ScoreEstimate;
}

export interface F1Difference extends Estimate {
  /** Two-sided: how often a resample's difference lies on the other side of 0 or on it, twice. */
  readonly p: number;
}

/** F1 of `other` less F1 of `first` on the same rows, which are drawn together: outcomes row by row. */
export function estimateF1Difference(
  first: readonly Outcome[],
  other: readonly Outcome[],
  { seed = 0, resamples = RESAMPLES }: BootstrapOptions = {},
): F1Difference {
  const joint = new Float64Array(OUTCOMES.length ** 2);
  const numbers = new Map(OUTCOMES.map((outcome, i) => [outcome, i]));
  for (let row = 0; row < first.length; row++) {
    joint[OUTCOMES.length * numbers.get(first[row])! + numbers.get(other[row])!]++;
  }
  const stream = random(seed, "bootstrap of a difference");
  const observed = [...joint];
  const drawn = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    drawCounts(stream, observed, joint);
    drawn[i] = f1Difference(joint);
  }
  const [below, above] = [drawn.filter((d) => d <= 0).length, drawn.filter((d) => d >= 0).length];
  const p = Math.min(1, (2 * (Math.min(below, above) + 1)) / (resamples + 1)); // never 0: so many were drawn and no more
  return { ...estimate(f1Difference(Float64Array.from(observed)), drawn), p };
}

function f1Difference(joint: Float64Array): number {
  const [first, other] = [new Float64Array(4), new Float64Array(4)];
  for (let i = 0; i < joint.length; i++) {
    first[i >> 2] += joint[i];
    other[i & 3] += joint[i];
  }
  return RATIOS.f1(other[0], other[1], other[2]) - RATIOS.f1(first[0], first[1], first[2]);
}

/** As many rows as were observed, drawn with replacement, as counts: one binomial draw a cell. */
function drawCounts(stream: Random, observed: readonly number[], into: Float64Array): void {
  let weight = observed.reduce((sum, count) => sum + count, 0);
  let left = weight;
  for (let i = 0; i < observed.length; i++) {
    const isLast = weight === observed[i];
    into[i] = isLast ? left : drawBinomial(stream, left, observed[i] / weight);
    left -= into[i];
    weight -= observed[i];
  }
}

function estimate(value: number, drawn: Float64Array): Estimate {
  const sorted = drawn.toSorted();
  return { value, low: quantile(sorted, (1 - LEVEL) / 2), high: quantile(sorted, (1 + LEVEL) / 2) };
}

/** Linear between neighbours, as NumPy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below] + (place - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
}
