import type { Point, Series } from "../api.ts";
import type { Zoom } from "./page-state.ts";
import { smooth } from "./smooth.ts";

/** One line of a chart: ascending x, and y where it is a number that the axis can show. */
export interface Line {
  readonly x: readonly number[];
  readonly y: readonly Point[];
}

/** A column of a table that all lines share: undefined where the line has no point at this x. */
export type Column = readonly (Point | undefined)[];

export interface Scales {
  readonly isLogX: boolean;
  readonly isLogY: boolean;
}

/** The line of the means and, with a weight, the smoothed one. What a logarithm cannot show is no point. */
export function linesOf(series: Series, weight: number, scales: Scales): readonly Line[] {
  const shown = showable(series, scales);
  const lines = [shown.mean, ...(weight > 0 ? [smooth(shown.mean, weight)] : [])];
  return lines.map((y) => ({ x: shown.x, y }));
}

/** A series without the places before 0 of a logarithmic x axis, and with null for what a logarithmic y cannot show. */
export function showable(series: Series, { isLogX, isLogY }: Scales): Pick<Series, "x" | "mean" | "min" | "max"> {
  const first = isLogX ? series.x.findIndex((x) => x > 0) : 0;
  const from = first < 0 ? series.x.length : first;
  const cut = (values: readonly Point[]) =>
    values.slice(from).map((y) => (y === null || (isLogY && y <= 0) ? null : y));
  return { x: series.x.slice(from), mean: cut(series.mean), min: cut(series.min), max: cut(series.max) };
}

/** All lines against one ascending x, as uPlot wants them: the x first, then a column a line. */
export function joinLines(lines: readonly Line[]): readonly [readonly number[], ...Column[]] {
  const x = Float64Array.from(new Set(lines.flatMap((line) => line.x))).sort();
  const place = new Map(Array.from(x, (at, i) => [at, i]));
  const columns = lines.map((line) => {
    const column = new Array<Point | undefined>(x.length).fill(undefined);
    line.x.forEach((at, i) => {
      column[place.get(at)!] = line.y[i] ?? null;
    });
    return column;
  });
  return [Array.from(x), ...columns];
}

/** Least and greatest x of all series; null where there is no point. */
export function xExtent(series: readonly Series[], isLogX: boolean): Zoom | null {
  const xs = series.flatMap(({ x }) => [isLogX ? (x.find((at) => at > 0) ?? Number.NaN) : x[0], x.at(-1)]);
  const known = xs.filter((x) => x !== undefined && Number.isFinite(x)) as number[];
  return known.length ? { from: Math.min(...known), to: Math.max(...known) } : null;
}

/** Least and greatest y, spikes included, of what lies within `zoom`; null where nothing does. */
export function yExtent(
  series: readonly Series[],
  zoom: Zoom | null,
  scales: Scales,
): readonly [number, number] | null {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const one of series) {
    const { x, min, max } = showable(one, scales);
    x.forEach((at, i) => {
      if (zoom && (at < zoom.from || at > zoom.to)) return;
      least = Math.min(least, min[i] ?? least);
      greatest = Math.max(greatest, max[i] ?? greatest);
    });
  }
  return least <= greatest ? [least, greatest] : null;
}

/** What an axis without outliers has room for. */
const MIDDLE = 0.95;

/** Least and greatest y of the middle 95 % of the points within `zoom`; of fewer than forty, all. Null where there is none. */
export function middleExtent(
  series: readonly Series[],
  zoom: Zoom | null,
  scales: Scales,
): readonly [number, number] | null {
  const values = series.flatMap((one) => {
    const { x, mean } = showable(one, scales);
    return mean.filter((y, i): y is number => y !== null && (!zoom || (x[i]! >= zoom.from && x[i]! <= zoom.to)));
  });
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const cut = Math.floor((sorted.length * (1 - MIDDLE)) / 2);
  return [sorted[cut]!, sorted[sorted.length - 1 - cut]!];
}

/** Whether a column has one number, of which no line can be drawn. */
export function isAlone(column: ArrayLike<Point | undefined>): boolean {
  let count = 0;
  for (let row = 0; row < column.length && count < 2; row++) if (typeof column[row] === "number") count++;
  return count === 1;
}

/** The row nearest to `row` in which a column has something, by rows; null where it has nothing. */
export function nearestRow(column: ArrayLike<unknown>, row: number): number | null {
  for (let by = 0; by < column.length; by++) {
    if (column[row - by] !== undefined) return row - by;
    if (column[row + by] !== undefined) return row + by;
  }
  return null;
}

/** The stretch `by` times as long, with the same value at the same place. */
export function around(middle: number, from: number, to: number, by: number): Zoom {
  return { from: Math.max(0, middle - (middle - from) * by), to: middle + (to - middle) * by };
}
