import type { RunRow } from "../api.ts";
import { formatNumber } from "./format.ts";

export type FieldValue = string | number | null;

/** What a run is sorted, filtered and coloured by, and what a column shows. */
export interface Field {
  /** As it stands in a filter and in the address: `state`, `train.lr`, `loss.min`, `f1.val`. */
  readonly id: string;
  readonly group: "run" | "F1" | "metric" | "setting";
  /** ISO 8601, whose letters are in the order of time. */
  readonly isTime?: boolean;
  read(run: RunRow): FieldValue;
}

const OF_RUN: readonly Field[] = [
  { id: "name", group: "run", read: (run) => run.name },
  { id: "state", group: "run", read: (run) => run.state },
  { id: "step", group: "run", read: (run) => run.step },
  { id: "started", group: "run", isTime: true, read: (run) => run.started },
];

const SUMMARIES = ["last", "min", "max"] as const;

/** Every field that one of the runs has: those of the run itself, F1 by split, metrics, settings. */
export function fieldsOf(runs: readonly RunRow[]): readonly Field[] {
  const splits = namesOf(runs, ({ scores }) => scores);
  const metrics = namesOf(runs, (run) => run.metrics);
  const settings = namesOf(runs, (run) => run.settings);
  return [
    ...OF_RUN,
    ...splits.map((split) => scoreField(split)),
    ...metrics.flatMap((metric) => SUMMARIES.map((summary) => metricField(metric, summary))),
    ...settings.map((key) => settingField(key)),
  ];
}

const scoreField = (split: string): Field => ({
  id: `f1.${split}`,
  group: "F1",
  read: ({ scores }) => own(scores, split) ?? null,
});

const metricField = (metric: string, summary: (typeof SUMMARIES)[number]): Field => ({
  id: `${metric}.${summary}`,
  group: "metric",
  read: ({ metrics }) => own(metrics, metric)?.[summary] ?? null,
});

/** A setting is a number where its text is one. */
const settingField = (key: string): Field => ({
  id: key,
  group: "setting",
  read: ({ settings }) => {
    const text = own(settings, key);
    return text === undefined ? null : asNumber(text);
  },
});

export const asNumber = (text: string): string | number =>
  text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;

/** The text of a setting; undefined where the run has none. */
export const settingOf = (run: RunRow, key: string) => own(run.settings, key);

/** Whether a field stands with its numbers below each other: all that it has are numbers, but for those without one. */
export function isNumeric(field: Field, runs: readonly RunRow[]): boolean {
  const values = runs.map(field.read).filter((value) => value !== null && value !== NOTHING);
  return values.length > 0 && values.every((value) => typeof value === "number");
}

/** A setting that is switched off. */
export const NOTHING = "null";

/** The field that somebody means: by its name, a metric's newest value by the metric's, or by the end of one name. */
export function findField(fields: readonly Field[], name: string): Field | undefined {
  const exact = fields.find(({ id }) => id === name) ?? fields.find(({ id }) => id === `${name}.last`);
  if (exact) return exact;
  const byEnd = fields.filter(({ id }) => id.endsWith(`.${name}`));
  return byEnd.length === 1 ? byEnd[0] : undefined;
}

/** Ascending or descending; numbers by size, texts by their letters and the numbers in them, what lacks always last. */
export function sortRuns(runs: readonly RunRow[], field: Field, isDescending: boolean): readonly RunRow[] {
  const sign = isDescending ? -1 : 1;
  const keyed = runs.map((run) => ({ run, value: field.read(run) }));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    return sign * compareValues(a.value, b.value) || compareValues(a.run.name, b.run.name);
  });
  return keyed.map(({ run }) => run);
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

export function compareValues(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : COLLATOR.compare(String(a), String(b));
}

/**
 * Keys of settings in which the runs are not all alike; `run.name` and `run.dir` always differ and are none. A run whose
 * settings cannot be read says nothing.
 */
export function differingSettings(runs: readonly RunRow[]): readonly string[] {
  const read = runs.filter(({ settings }) => Object.keys(settings).length > 0);
  return settingNames(read).filter((key) => {
    if (key === "run.name" || key === "run.dir") return false;
    return new Set(read.map((run) => settingOf(run, key))).size > 1;
  });
}

export const settingNames = (runs: readonly RunRow[]) => namesOf(runs, ({ settings }) => settings);
export const metricNames = (runs: readonly RunRow[]) => namesOf(runs, ({ metrics }) => metrics);

const MOST_SETTINGS = 4;

/** Columns of a table that nobody has chosen columns for. */
export function usualColumns(runs: readonly RunRow[]): readonly string[] {
  const scores = namesOf(runs, (run) => run.scores).map((split) => `f1.${split}`);
  const loss = metricNames(runs).includes("loss") ? ["loss.last", "loss.min"] : [];
  return ["state", "step", "started", ...scores, ...loss, ...differingSettings(runs).slice(0, MOST_SETTINGS)];
}

export function formatValue(value: FieldValue): string {
  return value === null ? "–" : typeof value === "number" ? formatNumber(value) : value;
}

function namesOf<T>(runs: readonly RunRow[], record: (run: RunRow) => Readonly<Record<string, T>>): readonly string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(record(run))))];
}

/** A run may have a setting called "constructor". */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
