import type { Config } from "../config/schema.ts";
import { openTable } from "../data/table.ts";
import { tableOf } from "../recipes/rows.ts";

type Source = Pick<Config, "base" | "data">;

/** How many rows training tables have. */
export interface RowCounts {
  /** Null until it was counted, and of a table that cannot be read. */
  of(config: Source): number | null;
}

/** Counts the rows of each table once, in the background. @param onCounted called when there is a number more */
export function countRows(onCounted: () => void): RowCounts {
  const counts = new Map<string, number | null>();
  const count = async (key: string, { data, base }: Source) => {
    let rows = 0;
    const table = await openTable(await tableOf(data.train, { data, base }));
    for await (const block of table.blocks()) rows += block.rowCount;
    counts.set(key, rows);
    onCounted();
  };
  return {
    of(config) {
      const { train, images, draw } = config.data;
      const key = JSON.stringify(draw ? [train, images, config.base] : [train]);
      const known = counts.get(key);
      if (known !== undefined) return known;
      counts.set(key, null);
      count(key, config).catch(() => {}); // the page shows steps without their number
      return null;
    },
  };
}
