import { InputError } from "../util/errors.ts";

/** A row that is passed over, and why. */
export interface BadRow {
  readonly line: number;
  readonly reason: string;
}

/** What is wrong with a row, thrown while it is read and turned into a {@link BadRow}. */
export class BadRowError extends Error {
  override readonly name = "BadRowError";
}

const SHOWN = 5;

/**
 * Stops when more rows of `csv` are bad than `maxBadRows` allows, or when none is good.
 * @throws InputError that shows the first bad rows with their lines.
 */
export function checkBadRows(csv: string, good: number, bad: readonly BadRow[], maxBadRows: number): void {
  if (good > 0 && bad.length <= maxBadRows) return;
  const shown = bad.slice(0, SHOWN).map(({ line, reason }) => `\n  line ${line}: ${reason}`);
  if (bad.length > SHOWN) shown.push(`\n  and ${bad.length - SHOWN} more`);
  const count = `${bad.length} of ${good + bad.length} rows are bad`;
  const limit = good === 0 ? "no row is left" : `data.max_bad_rows allows ${maxBadRows}`;
  throw new InputError(`${csv}: ${count}, ${limit}${shown.join("")}`, {
    hint: "mend the rows, check data.images, or raise data.max_bad_rows",
  });
}
