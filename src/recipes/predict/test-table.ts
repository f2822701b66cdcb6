import { linksOf } from "../../data/image-links.ts";
import { readTable } from "../../data/table.ts";
import { InputError } from "../../util/errors.ts";

/** One row of a test table. */
export interface TestRow {
  readonly index: number;
  /** The index as the table spells it, `0017`, without spaces around it. */
  readonly indexText: string;
  readonly line: number;
  readonly link: string;
  readonly entity: string;
  /** The true answer; "" where the table has none. */
  readonly truth: string;
}

export interface TestTable {
  readonly path: string;
  readonly rows: readonly TestRow[];
  /** Whether the table has the column `entity_value`. */
  readonly hasTruth: boolean;
}

const SHOWN = 5;

/**
 * Reads a test table (`index`, `image_link`, `entity_name`; `entity_value` where the truth is known).
 * @throws InputError as readTable, and naming the lines where an index is missing, no whole number or one that stands twice
 */
export async function readTestTable(path: string): Promise<TestTable> {
  const table = await readTable(path, ["index", "image_link", "entity_name"]);
  const hasTruth = table.columns.includes("entity_value");
  const [links, entities] = [linksOf(table), table.column("entity_name")];
  const truths = hasTruth ? table.column("entity_value") : undefined;
  const faults: string[] = [];
  const first = new Map<number, number>();
  const rows = table.column("index").map((cell, row): TestRow => {
    const indexText = cell.trim();
    const index = /^\d{1,15}$/.test(indexText) ? Number(indexText) : Number.NaN;
    const earlier = first.get(index);
    if (indexText === "") faults.push(`${table.placeOf(row)}: there is no index`);
    else if (Number.isNaN(index)) {
      faults.push(`${table.placeOf(row)}: index "${cell.slice(0, 60)}" is no whole number of at most 15 digits`);
    } else if (earlier !== undefined) {
      faults.push(`${table.placeOf(row)}: index ${index} stands again, first on ${table.placeOf(earlier)}`);
    } else first.set(index, row);
    return {
      index,
      indexText,
      line: table.lineOf(row),
      link: links[row],
      entity: entities[row],
      truth: truths?.[row] ?? "",
    };
  });
  if (faults.length > 0) throw badIndices(path, faults);
  return { path, rows, hasTruth };
}

function badIndices(path: string, faults: readonly string[]): InputError {
  const rest = faults.length > SHOWN ? `\n  and ${faults.length - SHOWN} more` : "";
  const shown = faults.slice(0, SHOWN).map((fault) => `\n  ${fault}`);
  return new InputError(`${path}: ${faults.length} rows cannot be told by their index${shown.join("")}${rest}`, {
    hint: "each row needs a whole number as index, and one of its own",
  });
}
