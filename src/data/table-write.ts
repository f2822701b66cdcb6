import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { encodeCsv } from "../formats/csv.ts";
import { openFileAtomic } from "../util/files.ts";

/** A table in the making, of text cells. The file appears whole with `commit`, or not at all. */
export interface TableWriter {
  readonly path: string;
  /** Adds rows, given as the cells of each column. */
  write(cells: readonly (readonly string[])[]): Promise<void>;
  commit(): Promise<void>;
  /** Gives the file up; does nothing after `commit`. */
  discard(): Promise<void>;
}

/** Turns rows into the bytes of a format. */
interface Encoder {
  encode(cells: readonly (readonly string[])[]): string | Uint8Array | Promise<Uint8Array>;
  end(): string | Uint8Array | Promise<Uint8Array>;
}

/**
 * Begins a table: Parquet where the name ends in `.parquet`, gzipped CSV in `.gz`, CSV elsewhere (LF, a header). Cells
 * that a spreadsheet would run as formulas are disarmed in CSV. @throws InputError when the file cannot be written
 */
export async function createTable(path: string, columns: readonly string[]): Promise<TableWriter> {
  const encoder = await chooseEncoder(path, columns);
  const file = await openFileAtomic(path);
  return {
    path,
    async write(cells) {
      if (cells[0].length > 0) await file.write(await encoder.encode(cells));
    },
    async commit() {
      await file.write(await encoder.end());
      await file.commit();
    },
    discard: () => file.discard(),
  };
}

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
  const header = encodeCsv(columns.map((name) => [name]));
  return path.endsWith(".gz") ? gzipped(csvEncoder(header)) : csvEncoder(header);
}

function csvEncoder(header: string) {
  let start = header;
  const withHeader = (text: string) => {
    const all = start + text;
    start = "";
    return all;
  };
  return {
    encode: (cells: readonly (readonly string[])[]) => withHeader(encodeCsv(cells)),
    end: () => withHeader(""),
  };
}

/** A gzip file may have many members (RFC 1952): each call makes one. */
function gzipped(encoder: ReturnType<typeof csvEncoder>): Encoder {
  const compress = promisify(gzip) as (text: string) => Promise<Uint8Array>;
  return {
    encode: (cells) => compress(encoder.encode(cells)),
    end() {
      const text = encoder.end();
      return text === "" ? "" : compress(text);
    },
  };
}
