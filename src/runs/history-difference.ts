import type { HistoryRecord } from "./history.ts";

/** What differs from one execution to the next, whatever is computed. */
const TIMINGS: ReadonlySet<string> = new Set(["seconds", "samples_per_s", "tokens_per_s", "rss_bytes"]);

type Value = HistoryRecord[string];

/** Where two histories part; a value is left out where its history has none. */
export interface HistoryDifference {
  readonly step: number;
  readonly field: string;
  readonly before?: Value;
  readonly again?: Value;
}

export interface HistoryComparison {
  /** How many steps were compared. */
  readonly steps: number;
  /** Names of the fields that were compared: all but timings. */
  readonly fields: readonly string[];
  /** The first; null when the histories are equal. */
  readonly difference: HistoryDifference | null;
}

/** Looks for every step of `before` in `again`. A number in a history is exact, so equal means equal bit for bit. */
export function compareHistories(before: readonly HistoryRecord[], again: readonly HistoryRecord[]): HistoryComparison {
  const repeated = new Map(again.map((record) => [record.step, record]));
  const pairs = before.map((record) => [record, repeated.get(record.step) ?? {}] as const);
  const fields = new Set(pairs.flatMap((pair) => pair.flatMap(computedFields)));
  const difference = pairs.flatMap((pair) => differenceOf(...pair) ?? []).at(0) ?? null;
  return { steps: before.length, fields: [...fields], difference };
}

function differenceOf(before: HistoryRecord, again: Partial<HistoryRecord>): HistoryDifference | undefined {
  const fields = [...computedFields(before), ...computedFields(again)];
  const field = fields.find((name) => before[name] !== again[name]);
  if (field === undefined) return undefined;
  return {
    ...{ step: before.step, field },
    ...(before[field] !== undefined && { before: before[field] }),
    ...(again[field] !== undefined && { again: again[field] }),
  };
}

const computedFields = (record: object): string[] => Object.keys(record).filter((name) => !TIMINGS.has(name));
