import type { TopLevelSpec } from "vega-lite";
import { colourOf, styleFor } from "../src/report/chart-style.ts";

/** A measured step at one value of what grows. */
export interface GrowthPoint {
  readonly what: string;
  readonly to: number;
  readonly step_s: number;
  readonly peak_rss_gib: number;
}

const SIDE = 165;

/** Seconds of a step above, gigabytes of memory below, one column for each thing that grows; all axes begin at 0. */
export function growthSpec(points: readonly GrowthPoint[]): TopLevelSpec {
  const columns = [...new Set(points.map(({ what }) => what))];
  const figures = [
    { field: "step_s", title: "seconds a step" },
    { field: "peak_rss_gib", title: "peak GiB" },
  ] as const;
  const panel = (what: string, { field, title }: (typeof figures)[number], row: number, column: number) => {
    const values = points.filter((point) => point.what === what);
    const isLast = row === figures.length - 1;
    const top = Math.max(...points.map((point) => point[field]));
    const ticks = values.map(({ to }) => to);
    return {
      width: SIDE,
      height: SIDE,
      data: { values },
      mark: { type: "line" as const, point: { size: 50, filled: true, color: colourOf(row) }, color: colourOf(row) },
      encoding: {
        x: {
          field: "to",
          type: "quantitative" as const,
          scale: { domain: [0, 1.08 * Math.max(...ticks)], nice: false },
          axis: { title: isLast ? what : null, values: ticks, grid: false, labelOverlap: false },
        },
        y: {
          field,
          type: "quantitative" as const,
          scale: { domain: [0, 1.05 * top], nice: false },
          axis: { title: column === 0 ? title : null, tickCount: 5 },
        },
      },
    };
  };
  return {
    ...styleFor({ width: 4 * SIDE, isAlone: true }),
    vconcat: figures.map((figure, row) => ({
      hconcat: columns.map((what, column) => panel(what, figure, row, column)),
    })),
  };
}
