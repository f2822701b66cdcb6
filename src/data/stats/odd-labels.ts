import { op } from "arquero";
import type { LabelForm } from "../../challenge/label.ts";
import { mostFirst, rollUp } from "./roll-up.ts";
import { isAllowed, type LabelledStatement } from "./units.ts";

type OddForm = Exclude<LabelForm, "official">;
type OddCounts = Readonly<Record<OddForm, number>>;

/** Labels that are not of the official form "x unit". */
export interface OddLabelStats {
  readonly rows: number;
  readonly by_form: OddCounts;
  readonly by_entity: readonly ({ readonly entity: string; readonly rows: number } & OddCounts)[];
  /** What is left of them with N for each number: [N, N] volt. */
  readonly shapes: readonly OddShape[];
}

export interface OddShape {
  readonly shape: string;
  readonly form: OddForm;
  readonly rows: number;
  /** The commonest. */
  readonly examples: readonly string[];
}

/** Labels of any form with a unit that their entity does not allow. */
export interface ForeignUnitStats {
  readonly rows: number;
  readonly units: readonly ForeignUnit[];
}

export interface ForeignUnit {
  readonly entity: string;
  readonly unit: string;
  readonly rows: number;
  /** The commonest. */
  readonly examples: readonly string[];
}

const EXAMPLES = 3;

type WithValues = { readonly rows: number; readonly values: readonly string[] };
const ROWS = { rows: op.sum("rows") };
const WITH_VALUES = { ...ROWS, values: op.array_agg_distinct("value") };
const BY_FORM = {
  range: op.sum("range"),
  scientific: op.sum("scientific"),
  other: op.sum("other"),
  empty: op.sum("empty"),
};

/** @param statements in the order in which they shall be examples */
export function oddLabelStats(statements: readonly LabelledStatement[]): OddLabelStats {
  const odd = statements.flatMap(({ entity, value, rows, label: { form } }) =>
    form === "official" ? [] : [{ entity, value, rows, form, ...byForm(form, rows), shape: shapeOf(value) }],
  );
  type Odd = (typeof odd)[number];
  const entities = rollUp<Odd, "entity", OddCounts & { rows: number }>(odd, ["entity"], { ...ROWS, ...BY_FORM });
  const shapes = rollUp<Odd, "shape" | "form", WithValues>(odd, ["shape", "form"], WITH_VALUES);
  const total = (key: OddForm | "rows") => entities.reduce((sum, line) => sum + line[key], 0);
  return {
    rows: total("rows"),
    by_form: { range: total("range"), scientific: total("scientific"), other: total("other"), empty: total("empty") },
    by_entity: mostFirst(entities, "entity"),
    shapes: mostFirst(withExamples(shapes), "shape"),
  };
}

const shapeOf = (value: string) => value.replaceAll(/\d+(\.\d+)?/g, "N");

function byForm(form: OddForm, rows: number): OddCounts {
  return { range: 0, scientific: 0, other: 0, empty: 0, [form]: rows };
}

/** @param statements as those of {@link oddLabelStats} */
export function foreignUnitStats(statements: readonly LabelledStatement[]): ForeignUnitStats {
  const foreign = statements
    .filter(({ entity, label: { unit } }) => unit !== "" && isAllowed(entity, unit) === false)
    .map(({ entity, value, rows, label: { unit } }) => ({ entity, value, rows, unit }));
  const units = rollUp<(typeof foreign)[0], "entity" | "unit", WithValues>(foreign, ["entity", "unit"], WITH_VALUES);
  return {
    rows: units.reduce((sum, { rows }) => sum + rows, 0),
    units: mostFirst(withExamples(units), "entity", "unit"),
  };
}

function withExamples<Line extends WithValues>(lines: readonly Line[]) {
  return lines.map(({ values, ...line }) => ({ ...line, examples: values.slice(0, EXAMPLES) }));
}
