import type { TopLevelSpec } from "vega-lite";

/** What a chart is drawn for: a page with a legend of its own and the reader's colours, or a file that stands alone. */
export interface ChartPlace {
  readonly width: number;
  readonly isAlone: boolean;
}

const COLOURS = [
  ...["#4c78a8", "#f58518", "#54a24b", "#e45756", "#b279a2"],
  ...["#9d755d", "#72b7b2", "#d6a300", "#ff7f9f", "#888888"],
];
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3]];

/** Colour and dashes of run number `i`: fifty runs look different. */
export const colourOf = (i: number) => COLOURS[i % COLOURS.length];
export const dashesOf = (i: number) => DASHES[Math.floor(i / COLOURS.length) % DASHES.length];

/** For names at the left; the rest is the chart's. */
export const labelRoom = (width: number) => (width > 500 ? 220 : 150);

export function styleFor({ isAlone, width }: ChartPlace) {
  return {
    background: isAlone ? "white" : "transparent",
    padding: isAlone ? 8 : 2,
    config: {
      font: "system-ui, sans-serif",
      view: { stroke: null },
      axis: {
        gridColor: "#8884",
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: "normal",
        labelLimit: labelRoom(width),
      },
      legend: { labelFontSize: 12, labelLimit: 260, title: null },
    },
  } as const satisfies Partial<TopLevelSpec>;
}

/** Names stand in data and domains alone: elsewhere Vega would read expressions. */
export function scalesOf(names: readonly string[], { isAlone }: ChartPlace) {
  const legend = isAlone && names.length > 1 ? { orient: "right", symbolLimit: 60 } : null;
  const domain = [...names];
  return {
    color: { field: "run", type: "nominal", legend, scale: { domain, range: names.map((_, i) => colourOf(i)) } },
    strokeDash: { field: "run", type: "nominal", legend, scale: { domain, range: names.map((_, i) => dashesOf(i)) } },
  } as const;
}
