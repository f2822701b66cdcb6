import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import { fromRuns } from "./index-runs.ts";
import type { PartsManifest } from "./parts.ts";
import { readTable, type Table } from "./table.ts";
import { createTable } from "./table-write.ts";

interface Place {
  readonly table: Table;
  readonly row: number;
}

/**
 * Puts tables that belong to the parts of one table (the parts themselves, or answers to them) together, in the order of
 * that table. Each index of the manifest must stand in exactly one of the files, and no other.
 * @returns the number of rows
 * @throws InputError that names the gap, the overlap or the foreign row; then nothing is written
 */
export async function joinParts(manifest: PartsManifest, paths: readonly string[], output: string): Promise<number> {
  const tables: Table[] = [];
  for (const path of paths) tables.push(await readTable(path, ["index"]));
  checkColumns(tables);
  const places = findRows(tables, new Set(fromRuns(manifest.indices)));
  refuseGaps(manifest, places);
  const order = Array.from(fromRuns(manifest.indices), (index) => places.get(index)!);
  const writer = await createTable(output, tables[0].columns);
  try {
    const columnsOf = new Map(tables.map((table) => [table, table.columns.map((name) => table.column(name))]));
    await writer.write(tables[0].columns.map((_, c) => order.map(({ table, row }) => columnsOf.get(table)![c][row])));
    await writer.commit();
  } finally {
    await writer.discard();
  }
  return order.length;
}

function checkColumns([first, ...others]: readonly Table[]): void {
  for (const { path, columns } of others) {
    if (columns.join("\n") === first.columns.join("\n")) continue;
    throw new InputError(
      `${path}: has the columns ${columns.join(", ")}; ${first.path} has ${first.columns.join(", ")}`,
      {
        hint: "all files have to have the same columns in the same order",
      },
    );
  }
}

function findRows(tables: readonly Table[], wanted: ReadonlySet<number>): ReadonlyMap<number, Place> {
  const places = new Map<number, Place>();
  for (const table of tables) {
    const at = (row: number) => `${table.path}: ${table.placeOf(row)}`;
    for (const [row, cell] of table.column("index").entries()) {
      const index = /^\d{1,15}$/.test(cell.trim()) ? Number(cell) : undefined;
      if (index === undefined || !wanted.has(index)) {
        throw new InputError(`${at(row)}: index "${cell.slice(0, 60)}" belongs to no part`, {
          hint: "these answers are to another table, or another manifest is meant",
        });
      }
      const earlier = places.get(index);
      if (earlier) {
        const first = `${earlier.table.path}: ${earlier.table.placeOf(earlier.row)}`;
        throw new InputError(`${at(row)}: index ${index} again, first at ${first}`, {
          hint: "each row may stand in one file alone",
        });
      }
      places.set(index, { table, row });
    }
  }
  return places;
}

function refuseGaps({ parts }: PartsManifest, places: ReadonlyMap<number, Place>): void {
  const gaps = parts.flatMap(({ file, rows, indices }) => {
    const missing = [...fromRuns(indices)].filter((index) => !places.has(index));
    if (missing.length === 0) return [];
    const which = missing.length === rows ? "all of it" : `index ${few(missing.map(String))}`;
    return [`\n  ${file}: ${missing.length} of ${rows} rows are missing: ${which}`];
  });
  if (gaps.length === 0) return;
  throw new InputError(`the parts are not complete${gaps.join("")}`, { hint: "answer these rows, or name their file" });
}
