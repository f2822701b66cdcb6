import type { TopLevelSpec } from "vega-lite";
import type { Estimate } from "../challenge/bootstrap.ts";
import { chartNames } from "./chart-names.ts";
import { type ChartPlace, inLines, labelRoom, scalesOf, styleFor } from "./chart-style.ts";

/** A figure of a run, and of a part of the rows where there are several. */
export interface NamedEstimate extends Estimate {
  readonly run: string;
  readonly part?: string;
}

/** Height of a label of two lines, in pixels. */
const TWO_LINES = 36;

/** Of ratios. */
const UNIT: number[] = [0, 1];

/** A dot for each run, or each run and part, with its interval as a line. */
export function intervalsSpec(
  estimates: readonly NamedEstimate[],
  runs: readonly string[],
  title: string,
  place: ChartPlace,
): TopLevelSpec {
  const nameOf = chartNames(runs);
  const labelOf = chartNames(estimates.map(({ run, part }) => part ?? run));
  const values = estimates.map(({ run, part, value, low, high }) => {
    return { run: nameOf(run), part: inLines(labelOf(part ?? run), place.width), value, low, high };
  });
  const names = runs.map(nameOf);
  const shown = names.filter((name) => values.some(({ run }) => run === name));
  const hasParts = estimates.some(({ part }) => part !== undefined);
  const least = values.some(({ part }) => part.includes("\n")) ? TWO_LINES / (hasParts ? runs.length : 1) : 0;
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
  const yOffset = { field: "run", type: "nominal", scale: { domain: shown } } as const;
  return {
    ...styleFor(place),
    width: Math.max(190, place.width - labelRoom(place.width)),
    height: { step: Math.max(hasParts && runs.length > 1 ? 13 : 24, least), for: hasParts ? "offset" : "position" },
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
  const nameOf = chartNames(all);
  const values = runs.map(({ run, rows, value, low, high }) => ({ run: nameOf(run), rows, value, low, high }));
  const { color } = scalesOf(all.map(nameOf), place);
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
