import type { Rows, TableFile } from "./table.ts";

/** A table and the columns to read of it; "" for every row of a column that it lacks. */
export interface Selection {
  readonly table: TableFile;
  readonly columns: readonly string[];
}

/** Rows of two tables that stand side by side. */
export interface Stretch {
  /** 0: one table ends here and the other goes on. */
  readonly rowCount: number;
  /** Number of the first row, from 0. */
  readonly start: number;
  /** The cells of row `i` (from 0, of this stretch) in the order of the selection's columns. */
  readonly left: (i: number, column: number) => string;
  readonly right: (i: number, column: number) => string;
}

/** Reads two tables together, row 0 beside row 0, holding a block of each. */
export async function* sideBySide(left: Selection, right: Selection): AsyncGenerator<Stretch> {
  const sides = [reader(left), reader(right)] as const;
  try {
    for (let start = 0; ; ) {
      const [a, b] = await Promise.all([sides[0].rest(), sides[1].rest()]);
      const rowCount = Math.min(a.rowCount, b.rowCount);
      if (a.rowCount + b.rowCount === 0) return;
      yield { rowCount, start, left: a.cell, right: b.cell };
      if (rowCount === 0) return;
      for (const side of sides) side.skip(rowCount);
      start += rowCount;
    }
  } finally {
    await Promise.all(sides.map((side) => side.close())); // who stops early leaves open files
  }
}

/** What is left of the block that is being read, or the next one. */
function reader({ table, columns }: Selection) {
  const numbers = columns.map((name) => table.columns.indexOf(name));
  const blocks = table.blocks();
  let block: Rows | undefined;
  let from = 0;
  return {
    async rest() {
      while (from === (block?.rowCount ?? 0)) {
        const { done, value } = await blocks.next();
        if (done) break;
        [block, from] = [value, 0];
      }
      const [read, first] = [block, from];
      const cell = (i: number, column: number) => (numbers[column] < 0 ? "" : read!.cell(numbers[column], first + i));
      return { rowCount: (read?.rowCount ?? 0) - first, cell };
    },
    skip(rows: number) {
      from += rows;
    },
    close: () => blocks.return(undefined),
  };
}
