import type { RunRow } from "../api.ts";
import { compareValues, type Field } from "./fields.ts";

/** How the line of a run is drawn. */
export interface Look {
  readonly colour: string;
  readonly dash: readonly number[];
}

/** The colours of amlc compare. */
const COLOURS = [
  ...["#4c78a8", "#f58518", "#54a24b", "#e45756", "#b279a2"],
  ...["#9d755d", "#2f9d96", "#c29400", "#ef6a8e", "#808080"],
];
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3]];

const NONE: Look = { colour: "#808080", dash: [] };

export const lookOf = (i: number): Look => ({
  colour: COLOURS[i % COLOURS.length]!,
  dash: DASHES[Math.floor(i / COLOURS.length) % DASHES.length]!,
});

/**
 * A look for each run by name. Without a field runs have their own, by when they were started: a new run changes none
 * of the others. With one, runs of one value look alike; many numbers go from blue over green to yellow.
 */
export function looksOf(runs: readonly RunRow[], field: Field | undefined): ReadonlyMap<string, Look> {
  if (!field) return new Map(byStart(runs).map((run, i) => [run.name, lookOf(i)]));
  const values = [...new Set(runs.map(field.read).filter((value) => value !== null))].sort(compareValues);
  const isScale = values.length > 4 && values.every((value) => typeof value === "number");
  const looks = new Map(
    values.map((value, i) => [value, isScale ? onScale(i / (values.length - 1)) : lookOf(i)] as const),
  );
  return new Map(
    runs.map((run) => {
      const value = field.read(run);
      return [run.name, (value !== null && looks.get(value)) || NONE];
    }),
  );
}

function byStart(runs: readonly RunRow[]): readonly RunRow[] {
  const keyOf = ({ started, name }: RunRow) => `${started ?? ""} ${name}`;
  return [...runs].sort((a, b) => compareValues(keyOf(a), keyOf(b)));
}

/** Hue and lightness rise together, so that the order can be seen without hues too. */
function onScale(share: number): Look {
  return { colour: `hsl(${Math.round(262 - 215 * share)} 62% ${Math.round(42 + 10 * share)}%)`, dash: [] };
}
