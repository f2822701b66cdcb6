import { formatCount } from "../util/format-number.ts";
import type { AnsweredRow } from "./run-record.ts";

interface Answered {
  readonly name: string;
  readonly rows: readonly AnsweredRow[];
}

export interface SharedRows {
  /** Rows that all runs have, in one order; each run's own where no row is shared. */
  readonly rowsOf: readonly (readonly AnsweredRow[])[];
  /** How many are shared. */
  readonly count: number;
  /** What to tell when not all rows are shared. */
  readonly note: string | undefined;
}

/**
 * Pairs the rows of runs. A row is the same when image link, entity and truth are; where a run's links are not known, index,
 * entity and truth. The second of two such rows is paired with the second.
 */
export function matchRows(runs: readonly Answered[]): SharedRows {
  if (runs.length === 0) return { rowsOf: [], count: 0, note: undefined };
  const haveLinks = runs.every(({ rows }) => rows.every(({ link }) => link !== null));
  const byKey = runs.map(({ rows }) => keyRows(rows, haveLinks));
  const keys = [...byKey[0].keys()].filter((key) => byKey.every((rows) => rows.has(key)));
  const all = new Set(byKey.flatMap((rows) => [...rows.keys()])).size;
  if (keys.length === 0 && runs.length > 1) {
    const note = "no row was answered by all runs: their scores are of different rows, and no test is made";
    return { rowsOf: runs.map(({ rows }) => rows), count: 0, note };
  }
  const sizes = runs.map(({ name, rows }) => `${name} ${formatCount(rows.length)}`);
  const shown = sizes.length > 6 ? [...sizes.slice(0, 5), "…"] : sizes;
  return {
    rowsOf: byKey.map((rows) => keys.map((key) => rows.get(key)!)),
    count: keys.length,
    note:
      keys.length === all
        ? undefined
        : `the runs answered different rows (${shown.join(", ")}): compared on the ${formatCount(keys.length)} that all have`,
  };
}

function keyRows(rows: readonly AnsweredRow[], haveLinks: boolean): Map<string, AnsweredRow> {
  const byKey = new Map<string, AnsweredRow>();
  for (const row of rows) {
    const key = `${haveLinks ? row.link : row.index}\0${row.entity}\0${row.truth}`;
    let free = key;
    for (let i = 2; byKey.has(free); i++) free = `${key}\0${i}`;
    byKey.set(free, row);
  }
  return byKey;
}
