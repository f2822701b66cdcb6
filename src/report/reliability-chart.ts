import type { TopLevelSpec } from "vega-lite";
import type { Reliability } from "../challenge/calibration.ts";
import { formatCount, formatShare } from "../util/format-number.ts";
import { type ChartPlace, colourOf, styleFor } from "./chart-style.ts";

const UNIT: number[] = [0, 1];
const FIFTHS: number[] = [0, 0.2, 0.4, 0.6, 0.8, 1];

const LABELS = 44; // room for the largest number of answers
const LEFT = LABELS + 18; // and for the title beside it
const BETWEEN = 24;
const NARROW = 520; // two panels would have no room for what stands above them

/**
 * Share of right answers by confidence, before and after calibration, beside the diagonal on which confidence says what
 * comes out; below, how many answers there are. Both stand in `place.width`, one above the other where that is narrow.
 */
export function reliabilitySpec(before: Reliability, after: Reliability, place: ChartPlace): TopLevelSpec {
  const columns = place.width < NARROW ? 1 : 2;
  const width = Math.floor((place.width - BETWEEN * (columns - 1)) / columns) - LEFT;
  const most = Math.max(1, ...[...before.bins, ...after.bins].map(({ rows }) => rows));
  return {
    ...styleFor(place),
    concat: [panel("as the model says", before, { width, most }), panel("calibrated", after, { width, most })],
    columns,
    spacing: BETWEEN,
  };
}

interface PanelSize {
  readonly width: number;
  /** Answers of the fullest bin of all panels, so that their bars compare. */
  readonly most: number;
}

function panel(text: string, reliability: Reliability, { width, most }: PanelSize) {
  const subtitle = [`${formatCount(reliability.rows)} answers`, `calibration error ${formatShare(reliability.ece)}`];
  const title = { text, subtitle, anchor: "start", fontSize: 13, subtitleFontSize: 12, offset: 8 } as const;
  return {
    title,
    spacing: 14,
    vconcat: [
      { width, height: width, layer: [accuracyBars(reliability), DIAGONAL] },
      { width, height: 56, ...countBars(reliability, most) },
    ],
  };
}

const X = { field: "from", bin: "binned", type: "quantitative", title: "confidence", scale: { domain: UNIT } } as const;
const X_AXIS = { values: FIFTHS, format: ".1~f", grid: false, labelFlush: false } as const;
const Y_AXIS = { minExtent: LABELS, maxExtent: LABELS } as const; // titles of both stand in one line
const BARS = { type: "bar", color: colourOf(0), binSpacing: 1 } as const;

function accuracyBars({ bins }: Reliability) {
  const values = bins.filter(({ rows }) => rows > 0).map(({ from, to, accuracy }) => ({ from, to, accuracy }));
  const axis = { ...Y_AXIS, values: FIFTHS, format: ".1~f", labelOverlap: false } as const;
  return {
    data: { values },
    mark: BARS,
    encoding: {
      x: { ...X, axis: { ...X_AXIS, labels: false, title: null } },
      x2: { field: "to" },
      y: { field: "accuracy", type: "quantitative", title: "share of right answers", scale: { domain: UNIT }, axis },
    },
  } as const;
}

const DIAGONAL = {
  data: { values: UNIT.map((at) => ({ at })) },
  mark: { type: "line", color: "#888888", strokeDash: [4, 3] as number[], strokeWidth: 1.5 },
  encoding: { x: { field: "at", type: "quantitative" }, y: { field: "at", type: "quantitative" } },
} as const;

function countBars({ bins }: Reliability, most: number) {
  const values = bins.map(({ from, to, rows }) => ({ from, to, rows }));
  const axis = { ...Y_AXIS, tickCount: 2, tickMinStep: 1, format: ",d" } as const;
  const scale = { domain: [0, most] as number[] };
  return {
    data: { values },
    mark: { ...BARS, color: "#8888" },
    encoding: {
      x: { ...X, axis: X_AXIS },
      x2: { field: "to" },
      y: { field: "rows", type: "quantitative", title: "answers", scale, axis },
    },
  } as const;
}
