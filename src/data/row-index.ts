import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import type { Table } from "./table.ts";

/** The index of each row, as text without spaces around it: column `index`, or else the row's number from 0. */
function rowIndices(table: Table): readonly string[] {
  if (table.columns.includes("index")) return table.column("index").map((cell) => cell.trim());
  return Array.from({ length: table.rowCount }, (_, row) => String(row));
}

/** Row by index. @throws InputError when an index stands twice */
export function rowsByIndex(table: Table, indices = rowIndices(table)): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  for (let row = 0; row < indices.length; row++) {
    const earlier = rows.get(indices[row]);
    if (earlier !== undefined) {
      const places = `${table.placeOf(row)} has index "${indices[row]}" again, first on ${table.placeOf(earlier)}`;
      throw new InputError(`${table.path}: ${places}`, { hint: "each index stands once; remove one of the rows" });
    }
    rows.set(indices[row], row);
  }
  return rows;
}

/**
 * For each row of `table` the row of `other` with the same index.
 * @throws InputError when the two have not exactly the same indices, each once
 */
export function pairRows(table: Table, other: Table): (row: number) => number {
  const [indices, others] = [rowIndices(table), rowIndices(other)];
  const [rows, otherRows] = [rowsByIndex(table, indices), rowsByIndex(other, others)];
  refuseExtra(otherRows, rows, `${table.path}: lacks rows which ${other.path} has`);
  refuseExtra(rows, otherRows, `${other.path}: lacks rows which ${table.path} has`);
  return (row) => otherRows.get(indices[row])!;
}

function refuseExtra(rows: ReadonlyMap<string, number>, others: ReadonlyMap<string, number>, message: string): void {
  const extra = [...rows.keys()].filter((index) => !others.has(index));
  if (extra.length === 0) return;
  throw new InputError(`${message}: index ${few(extra)} (${extra.length} in all)`, {
    hint: "both files need exactly the same indices; a row without an answer has an empty prediction",
  });
}
