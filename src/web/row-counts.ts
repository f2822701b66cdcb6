import type { Config } from "../config/schema.ts";
import { openTable } from "../data/table.ts";
import { tableOf } from "../recipes/rows.ts";

/** How many rows training tables have. */
export interface RowCounts {
  /** Null until it was counted, and of a table that cannot be read. */
  of(data: Config["data"]): number | null;
}

/** Counts the rows of each table once, in the background. @param onCounted called when there is a number more */
export function countRows(onCounted: () => void): RowCounts {
  const counts = new Map<string, number | null>();
  const count = async (path: string) => {
    let rows = 0;
    for await (const block of (await openTable(path)).blocks()) rows += block.rowCount;
    counts.set(path, rows);
    onCounted();
  };
  return {
    of(data) {
      const path = tableOf(data.train, { data });
      const known = counts.get(path);
      if (known !== undefined) return known;
      counts.set(path, null);
      count(path).catch(() => {}); // the page shows steps without their number
      return null;
    },
  };
}
