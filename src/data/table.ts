import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { type RowBlock, scanCsv } from "../formats/csv.ts";
import { AmlcError, InputError, InterruptedError } from "../util/errors.ts";
import { few } from "../util/few.ts";

/** Some rows of a table. */
export interface Rows {
  readonly rowCount: number;
  /** Cells of the column, one a row. @throws RangeError when the table has no such column */
  column(name: string): readonly string[];
  /** The cell of row `i` in column number `c`: for a few rows of many, or cells that are not kept. */
  cell(c: number, i: number): string;
  /** Where row `i` begins in its file: a line of CSV (the header's is 1), a row of Parquet (from 1). */
  lineOf(i: number): number;
  /** The same for a message: `line 7`, `row 6`. */
  placeOf(i: number): string;
}

/** Rows that were read together. */
export interface Block extends Rows {
  readonly columns: readonly string[];
  /** Rows `from` to before `to` as a CSV file has them, where they stand so in their own; else undefined. */
  csv(from: number, to: number): string | undefined;
}

/** A table on disk, of text cells. */
export interface TableFile {
  readonly path: string;
  readonly columns: readonly string[];
  /** All rows in order, some thousand at a time: no more of the file is in memory. Each call reads the file anew. */
  blocks(maxBytes?: number): AsyncGenerator<Block>;
}

/** What a reader of a long table may want besides its rows. */
export interface ReadOptions {
  /** Bytes of the file that are read, of all; a new reading counts from 0. */
  readonly onRead?: (done: number, total: number) => void;
  /** Ends the reading with an InterruptedError. */
  readonly signal?: AbortSignal;
}

/** A whole table in memory. */
export interface Table extends Rows {
  readonly path: string;
  readonly columns: readonly string[];
}

const READ_SIZE = 2 ** 20;
/** Of a scan. V8 decodes strings of this size into memory that is warm; beyond 128 KiB each is new. */
const PIECE = 2 ** 16;
const FIRST_PIECE = 2 ** 16;
const MAX_TABLE_BYTES = 2 ** 31;

/**
 * Opens a CSV file (UTF-8, RFC 4180, also gzipped) or a Parquet file; its first bytes tell which. Columns may stand in
 * any order, and more than `needed` may be there.
 * @throws InputError naming the file, and the columns that are missing and found; later, from `blocks`, naming the line
 * of whatever is wrong: nothing is guessed or mended
 */
export async function openTable(
  path: string,
  needed: readonly string[] = [],
  options: ReadOptions = {},
): Promise<TableFile> {
  const { format, bytes } = await sniff(path);
  const source: Source = { path, gzipped: format === "gzip", bytes, options };
  const table = format === "parquet" ? await openParquetTable(source) : await openCsvTable(source);
  checkColumns(path, table.columns, needed);
  return table;
}

interface Source {
  readonly path: string;
  readonly gzipped: boolean;
  readonly bytes: number;
  readonly options: ReadOptions;
}

/** Reads a whole table. @throws InputError as {@link openTable}, and when it has no rows or is too large for memory */
export async function readTable(path: string, needed: readonly string[] = []): Promise<Table> {
  const table = await openTable(path, needed);
  const blocks: Rows[] = [];
  const starts: number[] = [];
  let rowCount = 0;
  for await (const block of table.blocks(MAX_TABLE_BYTES)) {
    if (block.rowCount === 0) continue;
    blocks.push(block);
    starts.push(rowCount);
    rowCount += block.rowCount;
  }
  const find = <T>(i: number, read: (block: Rows, row: number) => T): T => {
    const block = starts.findLastIndex((start) => start <= i);
    return read(blocks[block], i - starts[block]);
  };
  if (rowCount === 0) throw new InputError(`${path}: has a header and no rows`, { hint: "add at least one row" });
  return {
    path,
    columns: table.columns,
    rowCount,
    column: (name) => ([] as string[]).concat(...blocks.map((block) => block.column(name))),
    cell: (c, i) => find(i, (block, row) => block.cell(c, row)),
    lineOf: (i) => find(i, (block, row) => block.lineOf(row)),
    placeOf: (i) => find(i, (block, row) => block.placeOf(row)),
  };
}

type Format = "csv" | "gzip" | "parquet";

async function sniff(path: string): Promise<{ format: Format; bytes: number }> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause);
  });
  try {
    const { size: bytes } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.toString("latin1") === "PAR1") return { format: "parquet", bytes };
    return { format: buffer[0] === 0x1f && buffer[1] === 0x8b ? "gzip" : "csv", bytes };
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException);
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: NodeJS.ErrnoException): InputError {
  const reasons: Record<string, string> = { ENOENT: "no such file", EISDIR: "it is a folder" };
  const reason = reasons[cause.code ?? ""] ?? cause.message;
  return new InputError(`${path}: could not be read: ${reason}`, { hint: "check the path of the table", cause });
}

async function openParquetTable({ path, bytes, options }: Source): Promise<TableFile> {
  const { openParquet } = await import("./parquet.ts");
  const { columns, rowCount, unpackedBytes, blocks } = await openParquet(path);
  return {
    path,
    columns,
    async *blocks(maxBytes = Infinity) {
      if (unpackedBytes > maxBytes) throw tooLarge(path, maxBytes);
      let rows = 0;
      for await (const block of blocks()) {
        rows += block.rowCount;
        tellReading(options, Math.round((bytes * rows) / rowCount), bytes);
        yield nameRows(block, columns, "row");
      }
    },
  };
}

async function openCsvTable(source: Source): Promise<TableFile> {
  const { path } = source;
  const columns = await readHeader(source);
  return {
    path,
    columns,
    async *blocks(maxBytes = Infinity) {
      const scanner = scanCsv(path);
      for await (const piece of readPieces(source, maxBytes)) yield nameRows(scanner.push(piece), columns, "line");
      yield nameRows(scanner.end(), columns, "line");
    },
  };
}

async function readHeader(source: Source): Promise<readonly string[]> {
  const scanner = scanCsv(source.path);
  for await (const piece of readPieces({ ...source, options: {} }, Infinity, FIRST_PIECE)) {
    scanner.push(piece);
    if (scanner.columns) return scanner.columns;
  }
  scanner.end();
  if (scanner.columns) return scanner.columns;
  throw new InputError(`${source.path}: is empty`, { hint: "a header and rows are needed" });
}

/** @throws InterruptedError when the reader is to stop */
function tellReading({ onRead, signal }: ReadOptions, done: number, total: number): void {
  if (signal?.aborted) throw new InterruptedError("stopped; nothing was written", "start the same command again");
  onRead?.(done, total);
}

function nameRows(block: RowBlock, columns: readonly string[], unit: "line" | "row"): Block {
  const read = new Map<string, readonly string[]>();
  return {
    columns,
    rowCount: block.rowCount,
    csv: (from, to) => block.csv(from, to),
    column(name) {
      const cells = read.get(name) ?? block.column(numberOf(name, columns));
      read.set(name, cells);
      return cells;
    },
    cell: (c, i) => block.cell(c, i),
    lineOf: (i) => block.lineOf(i),
    placeOf: (i) => `${unit} ${block.lineOf(i)}`,
  };
}

function numberOf(name: string, columns: readonly string[]): number {
  const c = columns.indexOf(name);
  if (c < 0) throw new RangeError(`there is no column "${name}"`);
  return c;
}

/** The bytes of a file, unpacked, a little at a time; a piece holds until the next is asked for. */
async function* readPieces(source: Source, maxBytes: number, size = READ_SIZE): AsyncGenerator<Buffer> {
  const { path, gzipped, options } = source;
  let bytes = 0;
  try {
    for await (const { read, position } of gzipped ? unpack(path, size) : readFile(path, size)) {
      bytes += read.length;
      if (bytes > maxBytes) throw tooLarge(path, maxBytes);
      tellReading(options, position, source.bytes);
      for (let at = 0; at < read.length; at += PIECE) yield read.subarray(at, at + PIECE);
    }
  } catch (cause) {
    if (cause instanceof AmlcError) throw cause;
    if (!gzipped) throw unreadable(path, cause as Error);
    const message = `${path}: is a broken gzip file: ${(cause as Error).message}`;
    throw new InputError(message, { hint: "copy the file anew", cause });
  }
}

interface Read {
  readonly read: Buffer;
  /** How far into the file that is. */
  readonly position: number;
}

async function* readFile(path: string, size: number): AsyncGenerator<Read> {
  const file = await open(path);
  try {
    // One is scanned while the next is read. Two for all: to touch new memory costs as much as to scan it.
    let [buffer, next] = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)];
    let reading = file.read(buffer, 0, size, 0);
    for (let position = 0; ; ) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      position += bytesRead;
      reading = file.read(next, 0, size, position);
      reading.catch(() => {}); // thrown above, unless nobody asks for more
      yield { read: buffer.subarray(0, bytesRead), position };
      [buffer, next] = [next, buffer];
    }
  } finally {
    await file.close();
  }
}

async function* unpack(path: string, size: number): AsyncGenerator<Read> {
  const file = createReadStream(path, { highWaterMark: size });
  const unpacked = file.pipe(createGunzip({ chunkSize: size }));
  file.on("error", (error) => unpacked.destroy(error)); // a pipe hands on no errors
  try {
    for await (const read of unpacked as AsyncIterable<Buffer>) yield { read, position: file.bytesRead };
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}

const tooLarge = (path: string, maxBytes: number) =>
  new InputError(`${path}: is larger than ${maxBytes / 2 ** 20} MiB`, { hint: "split the file into smaller ones" });

function checkColumns(path: string, columns: readonly string[], needed: readonly string[]): void {
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined)
    throw new InputError(`${path}: has the column "${twice}" twice`, { hint: "rename one of them" });
  const missing = needed.filter((name) => !columns.includes(name));
  if (missing.length === 0) return;
  const found = few(
    columns.map((name) => name.slice(0, 60)),
    20,
  );
  const parted = columns.length === 1 ? "; commas must part them" : "";
  throw new InputError(`${path}: lacks the column ${missing.join(", ")}`, { hint: `columns found: ${found}${parted}` });
}
