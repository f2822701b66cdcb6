import type { TopLevelSpec } from "vega-lite";
import type { Estimate } from "../challenge/bootstrap.ts";
import { chartName } from "./chart-names.ts";
import type { LossCurve, LossPoint } from "./run-curve.ts";

/** What a chart is drawn for: a page with a legend of its own and the reader's colours, or a file that stands alone. */
export interface ChartPlace {
  readonly width: number;
  readonly isAlone: boolean;
}

export interface NamedCurve {
  readonly name: string;
  readonly curve: LossCurve;
}

/** A figure of a run, and of a part of the rows where there are several. */
export interface NamedEstimate extends Estimate {
  readonly run: string;
  readonly part?: string;
}

const COLOURS = [
  ...["#4c78a8", "#f58518", "#54a24b", "#e45756", "#b279a2"],
  ...["#9d755d", "#72b7b2", "#d6a300", "#ff7f9f", "#888888"],
];
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3]];

/** Colour and dashes of run number `i`: fifty runs look different. */
export const colourOf = (i: number) => COLOURS[i % COLOURS.length];
export const dashesOf = (i: number) => DASHES[Math.floor(i / COLOURS.length) % DASHES.length];

function styleFor({ isAlone }: ChartPlace) {
  return {
    background: isAlone ? "white" : "transparent",
    padding: isAlone ? 8 : 2,
    config: {
      font: "system-ui, sans-serif",
      view: { stroke: null },
      axis: { gridColor: "#8884", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 150 },
      legend: { labelFontSize: 12, labelLimit: 260, title: null },
    },
  } as const satisfies Partial<TopLevelSpec>;
}

/** Names stand in data and domains alone: elsewhere Vega would read expressions. */
function scalesOf(names: readonly string[], { isAlone }: ChartPlace) {
  const legend = isAlone && names.length > 1 ? { orient: "right", symbolLimit: 60 } : null;
  const domain = [...names];
  return {
    color: { field: "run", type: "nominal", legend, scale: { domain, range: names.map((_, i) => colourOf(i)) } },
    strokeDash: { field: "run", type: "nominal", legend, scale: { domain, range: names.map((_, i) => dashesOf(i)) } },
  } as const;
}

export type Progress = "step" | "samples" | "time";

/** With more runs, the steps of one would hide the mean of another. */
export const showsSteps = (curves: readonly NamedCurve[]) => curves.length <= 20;

/** Loss of every run: what each step had, pale, and its running mean. A run's colour is its place among `all`. */
export function lossSpec(
  curves: readonly NamedCurve[],
  all: readonly string[],
  { x, isLog }: { readonly x: Progress; readonly isLog: boolean },
  place: ChartPlace,
): TopLevelSpec {
  const shown = curves.map(({ name, curve }) => ({ run: chartName(name), curve }));
  const { unit, toX } = x === "time" ? timeAxis(curves) : { unit: X_TITLES[x], toX: (point: LossPoint) => point[x] };
  const values = (kind: keyof LossCurve) =>
    shown.flatMap(({ run, curve }) =>
      curve[kind].filter(({ loss }) => !isLog || loss > 0).map((p) => ({ run, x: toX(p), loss: p.loss })),
    );
  const { color, strokeDash } = scalesOf(
    all.map((run) => chartName(run)),
    place,
  );
  const ticks = Math.max(3, Math.floor(place.width / 90));
  const encoding = {
    x: {
      field: "x",
      type: "quantitative",
      title: unit,
      scale: { nice: false },
      axis: { tickCount: ticks, format: "~s" },
    },
    y: {
      field: "loss",
      type: "quantitative",
      title: isLog ? "loss, logarithmic" : "loss",
      scale: isLog ? LOG : FREE,
      axis: { tickCount: 6, format: "~g" },
    },
    color,
  } as const;
  return {
    ...styleFor(place),
    width: place.width,
    height: Math.min(340, Math.max(220, place.width * 0.5)),
    encoding,
    layer: [
      {
        data: { values: showsSteps(curves) ? values("raw") : [] },
        mark: { type: "line", strokeWidth: 1, opacity: 0.25, aria: false },
      },
      {
        data: { values: values("smooth") },
        mark: { type: "line", strokeWidth: 2, aria: false },
        encoding: { strokeDash },
      },
    ],
  };
}

const LOG = { type: "log" as const };
const FREE = { zero: false };
/** Of ratios. */
const UNIT: number[] = [0, 1];

const X_TITLES = { step: "optimiser step", samples: "rows trained on" } as const;

function timeAxis(curves: readonly NamedCurve[]) {
  const longest = Math.max(0, ...curves.map(({ curve }) => curve.smooth.at(-1)?.seconds ?? 0));
  const [unit, size] = longest > 7200 ? ["hours", 3600] : longest > 180 ? ["minutes", 60] : ["seconds", 1];
  return { unit: `${unit} of training`, toX: ({ seconds }: LossPoint) => seconds / (size as number) };
}

/** A dot for each run, or each run and part, with its interval as a line. */
export function intervalsSpec(
  estimates: readonly NamedEstimate[],
  runs: readonly string[],
  title: string,
  place: ChartPlace,
): TopLevelSpec {
  const values = estimates.map(({ run, part, value, low, high }) => {
    return { run: chartName(run), part: chartName(part ?? run), value, low, high };
  });
  const names = runs.map((run) => chartName(run));
  const hasParts = estimates.some(({ part }) => part !== undefined);
  const { color } = scalesOf(names, hasParts ? place : { ...place, isAlone: false });
  const y = {
    field: "part",
    type: "nominal",
    sort: null,
    title: null,
    axis: { domain: false, ticks: false, labelPadding: 10 },
  } as const;
  const x = {
    field: "value",
    type: "quantitative",
    title,
    scale: { domain: UNIT },
    axis: { tickCount: 5, format: "~g" },
  } as const;
  const yOffset = { field: "run", type: "nominal", scale: { domain: names } } as const;
  return {
    ...styleFor(place),
    width: Math.max(190, place.width - 150),
    height: { step: hasParts && runs.length > 1 ? 13 : 24, for: hasParts ? "offset" : "position" },
    data: { values },
    encoding: { x, y, color, ...(hasParts && { yOffset }) },
    layer: [
      { mark: { type: "rule", strokeWidth: 2 }, encoding: { x: { ...x, field: "low" }, x2: { field: "high" } } },
      { mark: { type: "point", filled: true, size: 55, opacity: 1 } },
    ],
  };
}

/** F1 of each run over the rows it was trained on. */
export function sizesSpec(
  runs: readonly (NamedEstimate & { readonly rows: number })[],
  all: readonly string[],
  place: ChartPlace,
): TopLevelSpec {
  const values = runs.map(({ run, rows, value, low, high }) => ({ run: chartName(run), rows, value, low, high }));
  const { color } = scalesOf(
    all.map((run) => chartName(run)),
    place,
  );
  const x = { field: "rows", type: "quantitative", title: "training rows", scale: { zero: false } } as const;
  const y = { field: "value", type: "quantitative", title: "F1", scale: { domain: UNIT } } as const;
  return {
    ...styleFor(place),
    width: place.width,
    height: 220,
    data: { values },
    encoding: { x: { ...x, axis: { tickCount: Math.floor(place.width / 90), tickMinStep: 1, format: "~s" } }, y },
    layer: [
      {
        mark: { type: "line", color: "#8888", strokeWidth: 1 },
        encoding: { y: { ...y, aggregate: "mean" } },
      },
      { mark: { type: "rule", strokeWidth: 2 }, encoding: { y: { ...y, field: "low" }, y2: { field: "high" }, color } },
      { mark: { type: "point", filled: true, size: 70, opacity: 1 }, encoding: { color } },
    ],
  };
}
