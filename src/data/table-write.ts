import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { encodeCsv, findCsvFault } from "../formats/csv.ts";
import { InputError } from "../util/errors.ts";
import { openFileAtomic } from "../util/files.ts";
import { LONG_SILENT, sweepBegunFiles } from "../util/left-overs.ts";
import type { Block } from "./table.ts";

/** A table in the making, of text cells. The file appears whole with `commit`, or not at all. */
export interface TableWriter {
  readonly path: string;
  /** Adds rows, given as the cells of each column. */
  write(cells: readonly (readonly string[])[]): Promise<void>;
  /** Adds some rows of a table with the same columns, by their numbers in the block, ascending. */
  copy(block: Block, rows: readonly number[]): Promise<void>;
  commit(): Promise<void>;
  /** Gives the file up; does nothing after `commit`. */
  discard(): Promise<void>;
}

/** Turns rows into the bytes of a format. */
interface Encoder {
  encode(cells: readonly (readonly string[])[]): string | Uint8Array | Promise<Uint8Array>;
  copy?(block: Block, rows: readonly number[]): string | Uint8Array | Promise<Uint8Array>;
  end(): string | Uint8Array | Promise<Uint8Array>;
}

/**
 * Begins a table: Parquet where the name ends in `.parquet`, gzipped CSV in `.gz`, CSV elsewhere (LF, a header). Cells
 * that a spreadsheet would run as formulas are disarmed in CSV. @throws InputError when the file cannot be written
 */
export async function createTable(path: string, columns: readonly string[]): Promise<TableWriter> {
  const encoder = await chooseEncoder(path, columns);
  await sweepLeftOvers(path).catch(() => {}); // what cannot be removed is in nobody's way
  const file = await openFileAtomic(path);
  let [pending, size]: [(string | Uint8Array)[], number] = [[], 0];
  const flush = async () => {
    const data = pending.every((part) => typeof part === "string")
      ? pending.join("")
      : Buffer.concat(pending.map(toBytes));
    [pending, size] = [[], 0];
    if (data.length > 0) await file.write(data);
  };
  const orDiscard = async <T>(encode: () => T | Promise<T>): Promise<T> => {
    try {
      return await encode();
    } catch (error) {
      await file.discard();
      throw error;
    }
  };
  const add = async (part: string | Uint8Array) => {
    pending.push(part);
    size += part.length;
    if (size >= WRITE_SIZE) await flush();
  };
  return {
    path,
    async write(cells) {
      if (cells[0].length > 0) await add(await orDiscard(() => encoder.encode(cells)));
    },
    async copy(block, rows) {
      if (rows.length === 0) return;
      await add(await orDiscard(() => encoder.copy?.(block, rows) ?? encoder.encode(cellsOf(block, rows))));
    },
    async commit() {
      await add(await encoder.end());
      await flush();
      await file.commit();
    },
    discard: () => file.discard(),
  };
}

/** Removes what calls that were killed had begun of this table. There is no lock on it: another machine may be writing it now. */
async function sweepLeftOvers(path: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  await sweepBegunFiles(dirname(target), basename(target), LONG_SILENT);
}

/** A write is a way to another thread and back: of blocks as they come it takes longer than to make them. */
const WRITE_SIZE = 2 ** 20;

function cellsOf(block: Block, rows: readonly number[]): string[][] {
  return block.columns.map((name) => {
    const cells = block.column(name);
    return rows.map((i) => cells[i]);
  });
}

/** Runs of neighbours are taken over as they stand; undefined where they cannot be. */
function copyCsv(block: Block, rows: readonly number[]): string | undefined {
  const parts: string[] = [];
  for (let from = 0; from < rows.length; ) {
    let to = from + 1;
    while (to < rows.length && rows[to] === rows[to - 1] + 1) to++;
    const text = block.csv(rows[from], rows[to - 1] + 1);
    if (text === undefined) return undefined; // no other run will do either
    parts.push(text);
    from = to;
  }
  return parts.join("");
}

const toBytes = (part: string | Uint8Array) => (typeof part === "string" ? Buffer.from(part) : part);

/** Writes a whole table at once from records. @throws InputError as {@link createTable} */
export async function writeTable(
  path: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number | undefined>>[],
): Promise<void> {
  const table = await createTable(path, columns);
  await table.write(columns.map((column) => rows.map((row) => String(row[column] ?? ""))));
  await table.commit();
}

/** `rows.csv.gz` is stem `rows` and ending `.csv.gz`; a name without one of our endings has `.csv`. */
export function tableEnding(name: string): { readonly stem: string; readonly ending: string } {
  const [, stem, ending] = /^(.+?)(\.csv\.gz|\.csv|\.parquet)$/.exec(name) ?? [name, name, ".csv"];
  return { stem, ending };
}

async function chooseEncoder(path: string, columns: readonly string[]): Promise<Encoder> {
  if (path.endsWith(".parquet")) {
    const { parquetEncoder } = await import("./parquet.ts");
    return parquetEncoder(columns);
  }
  return path.endsWith(".gz") ? gzipped(csvEncoder(path, columns)) : csvEncoder(path, columns);
}

function csvEncoder(path: string, columns: readonly string[]) {
  let start = encodeCsv(columns.map((name) => [name]));
  let written = 0;
  const withHeader = (text: string) => {
    const all = start + text;
    start = "";
    return all;
  };
  const encode = (cells: readonly (readonly string[])[], placeOf = (row: number) => `row ${written + row + 1}`) => {
    refuseUnreadable(path, columns, cells, placeOf);
    return encodeCsv(cells);
  };
  return {
    encode(cells: readonly (readonly string[])[]) {
      const text = withHeader(encode(cells));
      written += cells[0].length;
      return text;
    },
    copy: (block: Block, rows: readonly number[]) =>
      withHeader(
        copyCsv(block, rows) ?? encode(cellsOf(block, rows), (row) => `${block.placeOf(rows[row])} of its source`),
      ),
    end: () => withHeader(""),
  };
}

/** @throws InputError naming the row of what could be written, and not be read again */
function refuseUnreadable(
  path: string,
  columns: readonly string[],
  cells: readonly (readonly string[])[],
  placeOf: (row: number) => string,
): void {
  const fault = findCsvFault(cells);
  if (fault === undefined) return;
  const what = fault.column === undefined ? "the row" : columns[fault.column];
  throw new InputError(`${path}: ${placeOf(fault.row)}: ${what} ${fault.reason}: no CSV that can be read again`, {
    hint: "shorten it there, or write Parquet: a name that ends in .parquet",
  });
}

/** A gzip file may have many members (RFC 1952): each call makes one. */
function gzipped(encoder: ReturnType<typeof csvEncoder>): Encoder {
  const compress = promisify(gzip) as (text: string) => Promise<Uint8Array>;
  return {
    encode: (cells) => compress(encoder.encode(cells)),
    copy: (block, rows) => compress(encoder.copy(block, rows)),
    end() {
      const text = encoder.end();
      return text === "" ? "" : compress(text);
    },
  };
}
