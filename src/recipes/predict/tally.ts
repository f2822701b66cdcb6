import { countOutcomes } from "../../challenge/score.ts";
import type { Observer } from "../observer.ts";
import type { Entry } from "./answer-log.ts";
import type { BlankRule } from "./blank-rule.ts";
import type { PartRows } from "./part-rows.ts";
import type { TestRow } from "./test-table.ts";
import { finalAnswer } from "./write-answers.ts";

/** What became of rows over all parts. */
export interface Tally {
  readonly entries: ReadonlyMap<number, Entry>;
  readonly done: number;
  readonly total: number;
  add(entries: readonly Entry[]): void;
}

/** Counts rows as they are done, those of earlier calls first, and tells how many; with the truth, how well. */
export function openTally(
  parts: readonly PartRows[],
  { hasTruth, isBlank, observer }: { hasTruth: boolean; isBlank: BlankRule; observer?: Observer | undefined },
): Tally {
  const rowOf = new Map<number, TestRow>(parts.flatMap(({ rows }) => rows.map((row) => [row.index, row] as const)));
  const entries = new Map<number, Entry>();
  const outcomes = countOutcomes();
  const add = (added: readonly Entry[]) => {
    for (const entry of added) {
      const row = rowOf.get(entry.index)!;
      entries.set(entry.index, entry);
      if (hasTruth) outcomes.add("", finalAnswer(row, entry, isBlank).prediction, row.truth);
    }
    if (added.length > 0) observer?.answered?.(entries.size, rowOf.size, hasTruth ? outcomes.score().f1 : undefined);
  };
  add(
    parts.flatMap((part) => {
      const open = new Set(part.open);
      return [...part.entries.values()].filter(({ index }) => rowOf.has(index) && !open.has(index));
    }),
  );
  return {
    entries,
    get done() {
      return entries.size;
    },
    total: rowOf.size,
    add,
  };
}
