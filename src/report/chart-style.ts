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
export const labelRoom = (width: number) => (width > 500 ? 220 : 160);

const LABEL_SIZE = 12;
/** What Vega takes a letter to be wide where there is no canvas to measure it, in parts of the font's size. */
export const LETTER = 0.8;

/** A label for the room at the left: one that is too long for a line goes into two, cut behind a space or hyphen. */
export function inLines(label: string, width: number): string {
  const letters = Math.floor(labelRoom(width) / (LETTER * LABEL_SIZE));
  if (label.length <= letters) return label;
  const places = [...label.matchAll(/[ -]/g)].map(({ index }) => index + 1);
  const longer = (place: number) => Math.max(place, label.length - place);
  const best = places.reduce((a, b) => (longer(b) < longer(a) ? b : a), letters);
  return `${label.slice(0, best).trimEnd()}\n${label.slice(best)}`;
}

export function styleFor({ isAlone, width }: ChartPlace) {
  return {
    background: isAlone ? "white" : "transparent",
    padding: isAlone ? 8 : 2,
    config: {
      font: "system-ui, sans-serif",
      lineBreak: "\n",
      view: { stroke: null },
      axis: {
        gridColor: "#8884",
        labelFontSize: LABEL_SIZE,
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
