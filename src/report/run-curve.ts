import type { HistoryColumns } from "./history-columns.ts";
import { extremes, lastOfEach, runningMean } from "./thin.ts";

/** Names of the numbers that {@link readCurve} and {@link sumUp} want of a history. */
export const CURVE_NUMBERS = ["step", "loss", "samples", "seconds", "tokens_per_s", "rss_bytes", "eval_f1"] as const;

/** A place on a curve: how far the run was, in steps, rows and seconds of training, and the loss there. */
export interface LossPoint {
  readonly step: number;
  readonly samples: number;
  readonly seconds: number;
  readonly loss: number;
}

export interface LossCurve {
  /** Steps as they were, thinned to the lowest and the highest of each stretch. */
  readonly raw: readonly LossPoint[];
  /** Their running mean. */
  readonly smooth: readonly LossPoint[];
}

/** What a run's history says in all. Null where no step says it. */
export interface RunTotals {
  readonly steps: number;
  readonly last_step: number;
  /** Where the running mean ends, which is over about a twentieth of the run: one batch says little. */
  readonly last_mean_loss: number | null;
  /** Steps with a loss that was no number. */
  readonly broken_losses: number;
  /** Of training: evaluations and saving are not in it. */
  readonly seconds: number | null;
  readonly samples: number | null;
  readonly samples_per_s: number | null;
  readonly tokens_per_s: number | null;
  readonly peak_memory_bytes: number | null;
}

/** The loss over a run in at most some three times `detail` points. */
export function readCurve(history: HistoryColumns, detail: number): LossCurve {
  const [step, loss] = [history.column("step"), history.column("loss")];
  const places = placesOf(loss);
  const losses = takeAt(loss, places);
  const mean = runningMean(losses);
  const [samples, seconds] = [runningSum(history, "samples"), runningSum(history, "seconds")];
  const at = (i: number, values: Float64Array): LossPoint => {
    const place = places[i];
    return { step: step[place], samples: samples[place], seconds: seconds[place], loss: values[i] };
  };
  return {
    raw: extremes(losses, detail).map((i) => at(i, losses)),
    smooth: lastOfEach(losses.length, detail).map((i) => at(i, mean)),
  };
}

export function sumUp(history: HistoryColumns): RunTotals {
  const loss = history.column("loss");
  const places = placesOf(loss);
  const [seconds, samples] = [runningSum(history, "seconds").at(-1), runningSum(history, "samples").at(-1)];
  const perSecond = (amount: number | undefined) => (amount && seconds ? amount / seconds : null);
  return {
    steps: history.steps,
    last_step: history.column("step").at(-1) ?? 0,
    last_mean_loss: runningMean(takeAt(loss, places)).at(-1) ?? null,
    broken_losses: history.steps - places.length,
    seconds: seconds || null,
    samples: samples || null,
    samples_per_s: perSecond(samples),
    tokens_per_s: perSecond(runningSum(history, "seconds", "tokens_per_s").at(-1)),
    peak_memory_bytes: most(history.column("rss_bytes")),
  };
}

/** Where a value is a number. */
function placesOf(values: Float64Array): Int32Array {
  let count = 0;
  const places = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) places[count++] = i;
  return places.subarray(0, count);
}

function takeAt(values: Float64Array, places: Int32Array): Float64Array {
  const taken = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) taken[i] = values[places[i]];
  return taken;
}

/** Sums up to each step, of a number or of two numbers' product. A step stands for those before it that were not read. */
function runningSum(history: HistoryColumns, name: string, factor?: string): Float64Array {
  const [step, values] = [history.column("step"), history.column(name)];
  const factors = factor === undefined ? undefined : history.column(factor);
  const sums = new Float64Array(values.length);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    const value = factors ? values[i] * factors[i] : values[i];
    const steps = i === 0 ? 1 : Math.max(1, step[i] - step[i - 1]);
    if (Number.isFinite(value)) total += value * steps;
    sums[i] = total;
  }
  return sums;
}

function most(values: Float64Array): number | null {
  let largest = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > largest) largest = values[i];
  return Number.isFinite(largest) ? largest : null;
}
