import type { TopLevelSpec } from "vega-lite";
import type { HistogramBin } from "../data/stats/numbers.ts";
import type { OddLabelStats } from "../data/stats/odd-labels.ts";
import type { UnitStats } from "../data/stats/units.ts";
import type { EntityStats, GroupStats } from "../data/stats.ts";
import { formatCount } from "../util/format-number.ts";
import { chartName } from "./chart-names.ts";
import { LETTER } from "./chart-style.ts";

// Every list is bounded, for a hostile table can have a name of its own in each row. Names stand in data and domains
// alone: elsewhere Vega would read expressions.

/** What a page shows at most. */
export const MOST = { entities: 12, units: 40, colours: 6, name: 40, line: 80 } as const;
const BLUE = "#4c78a8";
const RED = "#d62728";
const COLOURS = ["#4c78a8", "#f58518", "#54a24b", "#b279a2", "#eeca3b", "#72b7b2"];
const OTHER = { name: "other units", colour: "#bab0ac" } as const;

const LABEL_SIZE = 11;
/** Room for the longest name and a letter, or Vega would cut it once more. */
const LABEL_LIMIT = (MOST.name + 1) * LETTER * LABEL_SIZE;

const STYLE = {
  background: "white",
  padding: 8,
  config: {
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: {
      ...{ labelFontSize: LABEL_SIZE, labelLimit: LABEL_LIMIT },
      ...{ gridColor: "#eeeeee", titleFontSize: LABEL_SIZE, titleFontWeight: "normal" },
    },
    legend: { labelFontSize: LABEL_SIZE, labelLimit: LABEL_LIMIT, title: null },
  },
} as const satisfies Partial<TopLevelSpec>;

const name = (text: string) => chartName(text, MOST.name);

/** Rows of each entity. */
export function entitiesSpec(entities: readonly EntityStats[]): TopLevelSpec {
  return barsSpec(entities.slice(0, MOST.entities).map(({ entity, rows }) => ({ name: name(entity), rows })));
}

/** Labels that are not of the official form, by what they are. */
export function oddFormsSpec({ by_form }: OddLabelStats): TopLevelSpec {
  return barsSpec(Object.entries(by_form).map(([form, rows]) => ({ name: form, rows })));
}

function barsSpec(bars: readonly { readonly name: string; readonly rows: number }[]): TopLevelSpec {
  const values = bars.map((bar) => ({ ...bar, label: formatCount(bar.rows) }));
  const y = { field: "name", type: "nominal", sort: null, title: null, axis: { ticks: false, domain: false } } as const;
  const x = {
    field: "rows",
    type: "quantitative",
    title: "rows",
    axis: { format: ",d", tickCount: 6, tickMinStep: 1 },
  } as const;
  return {
    ...STYLE,
    width: 480,
    height: { step: 26 },
    data: { values },
    encoding: { x, y },
    layer: [
      { mark: { type: "bar", color: BLUE } },
      {
        mark: { type: "text", align: "left", dx: 4, fontSize: 11 },
        encoding: { text: { field: "label", type: "nominal" } },
      },
    ],
  };
}

/** Rows of each unit of each entity; those that the entity does not allow are outlined in red. */
export function unitsSpec(units: readonly UnitStats[]): TopLevelSpec {
  const entities = [...new Set(units.map(({ entity }) => name(entity)))].slice(0, MOST.entities);
  const shown = units
    .map(({ entity, unit, ...rest }) => ({ ...rest, entity: name(entity), unit: name(unit) }))
    .filter(({ entity }) => entities.includes(entity));
  const unitNames = [...new Set(shown.map(({ unit }) => unit))].slice(0, MOST.units);
  const values = shown
    .filter(({ unit }) => unitNames.includes(unit))
    .map(({ entity, unit, rows, allowed }) => {
      const digits = Math.log10(rows);
      return { entity, unit, digits, label: formatCount(rows), foreign: allowed === false };
    });
  const axis = { orient: "top", labelAngle: -25, labelAlign: "left", ticks: false, domain: false } as const;
  const x = { field: "entity", type: "nominal", scale: { domain: entities }, title: null, axis } as const;
  const y = {
    field: "unit",
    type: "nominal",
    scale: { domain: unitNames },
    title: null,
    axis: { ticks: false },
  } as const;
  return {
    ...STYLE,
    width: { step: 84 },
    height: { step: 22 },
    data: { values },
    encoding: { x, y },
    layer: [
      {
        mark: { type: "rect", strokeWidth: 2 },
        encoding: {
          color: { field: "digits", type: "quantitative", scale: { scheme: "blues", domain: [0, 5] }, legend: null },
          stroke: { condition: { test: "datum.foreign", value: RED }, value: "white" },
        },
      },
      {
        mark: { type: "text", fontSize: 11 },
        encoding: {
          text: { field: "label", type: "nominal" },
          color: { condition: { test: "datum.digits > 3", value: "white" }, value: "#222222" },
        },
      },
    ],
  };
}

/** Numbers of the labels of one entity on a logarithmic axis, by unit. */
export function numbersSpec(units: readonly UnitStats[]): TopLevelSpec {
  const shown = units.slice(0, MOST.colours).map(({ unit }) => name(unit));
  const values = units.flatMap(({ unit, histogram }) =>
    histogram.map((bin) => ({ ...bin, unit: shown.includes(name(unit)) ? name(unit) : OTHER.name })),
  );
  const hasOthers = units.length > shown.length;
  const domain = hasOthers ? [...shown, OTHER.name] : shown;
  const range = [...COLOURS.slice(0, shown.length), ...(hasOthers ? [OTHER.colour] : [])];
  const spec = histogramSpec(values, { x: "number in the label", y: "rows", width: 330 });
  const color = { field: "unit", type: "nominal", scale: { domain, range } } as const;
  return { ...spec, encoding: { ...spec.encoding, color } };
}

/** Groups by how many rows they have. */
export function groupSizesSpec({ histogram }: GroupStats): TopLevelSpec {
  return histogramSpec(histogram, { x: "rows of a group", y: "groups", width: 480 });
}

function histogramSpec(
  values: readonly HistogramBin[],
  { x, y, width }: { readonly x: string; readonly y: string; readonly width: number },
) {
  const decades = decadesAround(values);
  return {
    ...STYLE,
    width,
    height: 150,
    data: { values: [...values] },
    mark: { type: "bar", color: BLUE, stroke: "white", strokeWidth: 0.5 },
    encoding: {
      x: {
        field: "from",
        bin: "binned",
        type: "quantitative",
        scale: { type: "log", domain: decades.map(powerOfTen) },
        title: x,
        axis: { values: powersOfTen(decades), format: ",~g", grid: false },
      },
      x2: { field: "to" },
      y: {
        field: "count",
        aggregate: "sum",
        type: "quantitative",
        title: y,
        axis: { format: ",d", tickCount: 4, tickMinStep: 1 },
      },
    },
  } as const satisfies TopLevelSpec;
}

/** Exponents of the powers of ten below the first bin and above the last. */
function decadesAround(bins: readonly HistogramBin[]): readonly [number, number] {
  const first = bins.reduce((least, { from }) => Math.min(least, from), 1);
  const last = bins.reduce((most, { to }) => Math.max(most, to), 10);
  return [Math.floor(Math.log10(first)), Math.ceil(Math.log10(last))];
}

const powerOfTen = (exponent: number) => Number(`1e${exponent}`);

/** Some seven powers of ten, for more would not have room for their labels. */
function powersOfTen([first, last]: readonly [number, number]): number[] {
  const step = Math.ceil((last - first) / 6);
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => powerOfTen(first + i * step));
}
