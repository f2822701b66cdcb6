import type { Axis, Point } from "./api.ts";
import { type StretchColumn, type Stretches, together } from "./stretches.ts";

export interface SeriesQuery {
  readonly metric: string;
  readonly axis: Axis;
  /** Of the axis; all without. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** At most. */
  readonly points: number;
}

/** Points of a metric, as the page gets them. */
export interface Points {
  readonly x: number[];
  readonly mean: Point[];
  readonly min: Point[];
  readonly max: Point[];
  readonly isExact: boolean;
}

/** Stretches from `begin` to before `end` stand for what is asked. */
export interface StretchRange {
  readonly begin: number;
  readonly end: number;
  /** What the axis has counted before `begin`. */
  readonly before: number;
}

/** Where each stretch's first and last line are on an axis. */
interface Places {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** What an axis counts, line by line; a step has its own number. */
const COUNTED = { samples: "samples", time: "seconds" } as const;

/** The numbers that a series needs of a history. */
export function namesFor({ metric, axis }: SeriesQuery): readonly string[] {
  return [...new Set(["step", metric, ...(axis === "step" ? [] : [COUNTED[axis]])])];
}

/** The stretches between `from` and `to`; none where the axis is not in the history. */
export function rangeOf(stretches: Stretches, { axis, from = -Infinity, to = Infinity }: SeriesQuery): StretchRange {
  const places = placesOf(stretches, axis, 0);
  if (!places) return { begin: 0, end: 0, before: 0 };
  let [begin, end] = [0, stretches.length];
  while (begin < end && places.high[begin] < from) begin++;
  while (end > begin && places.low[end - 1] > to) end--;
  return { begin, end, before: axis === "step" || begin === 0 ? 0 : places.high[begin - 1] };
}

/**
 * A metric in at most `points` stretches. Lines without the metric have no point; those where it is no number have a null.
 * @param start what the axis has counted before the first stretch
 */
export function pointsOf(
  stretches: Stretches,
  { metric, axis, points }: SeriesQuery,
  { begin, end }: Pick<StretchRange, "begin" | "end">,
  start = 0,
): Points {
  const places = placesOf(stretches, axis, start);
  const column = stretches.column(metric);
  const size = Math.max(1, Math.ceil((end - begin) / points));
  const found: Points = { x: [], mean: [], min: [], max: [], isExact: stretches.width === 1 && size === 1 };
  if (!places || !column) return found;
  for (let i = begin; i < end; i += size) {
    const next = Math.min(end, i + size);
    const { count, sum, least, greatest } = together(column, i, next);
    if (count === 0 && !Number.isNaN(least)) continue;
    found.x.push((places.low[i] + places.high[next - 1]) / 2);
    found.mean.push(count === 0 ? null : withinBounds(sum / count, least, greatest));
    found.min.push(count === 0 ? null : least);
    found.max.push(count === 0 ? null : greatest);
  }
  return isAscending(found.x) ? found : sorted(found);
}

/** A mean may be off by its last bit. */
const withinBounds = (mean: number, least: number, greatest: number) => Math.min(greatest, Math.max(least, mean));

function placesOf(stretches: Stretches, axis: Axis, start: number): Places | undefined {
  const step = stretches.column("step");
  if (axis === "step" || !step) return step && { low: step.least, high: step.greatest };
  const counted = stretches.column(COUNTED[axis]);
  return counted && countUp(stretches, counted, step, start);
}

/** Of stretches between which lines were left out, each stands for the steps up to the next. */
function countUp({ length, width }: Stretches, counted: StretchColumn, step: StretchColumn, start: number): Places {
  const places = { low: new Float64Array(length), high: new Float64Array(length) };
  let total = start;
  for (let i = 0; i < length; i++) {
    const mean = counted.count[i] === 0 ? 0 : counted.sum[i] / counted.count[i];
    const isPart = width === Infinity && i + 1 < length;
    const sum = isPart ? mean * Math.max(0, step.least[i + 1] - step.least[i]) : counted.sum[i];
    places.low[i] = total + mean;
    total += sum;
    places.high[i] = total;
  }
  return places;
}

const isAscending = (x: readonly number[]) => x.every((value, i) => i === 0 || value >= x[i - 1]);

/** Steps that were taken twice stand twice in a history that was put together by hand. */
function sorted({ x, mean, min, max, isExact }: Points): Points {
  const order = x.map((_, i) => i).sort((a, b) => x[a] - x[b]);
  const take = <T>(values: readonly T[]) => order.map((i) => values[i]);
  return { x: take(x), mean: take(mean), min: take(min), max: take(max), isExact };
}
