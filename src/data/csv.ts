import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import Papa from "papaparse";
import { InputError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.ts";

/** One data row: its cells by column name, and the line of the file it starts on (the header's is 1). */
export interface CsvRow {
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

export interface Csv {
  readonly path: string;
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
}

const MAX_BYTES = 400 * 2 ** 20; // a JavaScript string ends at 512 Mi letters
const MAX_CELL = 64 * 2 ** 10;

/**
 * Reads a comma-separated file, UTF-8, with a header and at least one row; also gzipped. Columns may stand in any order,
 * more than `needed` may be there, blank lines are passed over, a byte order mark and CRLF are fine.
 * @throws InputError naming the file and the line of whatever is wrong: nothing is guessed or mended.
 */
export async function readCsv(path: string, needed: readonly string[] = []): Promise<Csv> {
  const text = decodeText(path, await readBytes(path));
  const { data, errors } = Papa.parse<string[]>(text, { delimiter: "," });
  if (errors.length > 0) throw quoteError(path, text, errors[0]);
  const lines = numberLines(data);
  if (lines.length === 0) throw new InputError(`${path}: is empty`, { hint: "a header and rows are needed" });
  const [{ cells: header }, ...body] = lines;
  checkHeader(path, header, needed);
  if (body.length === 0) throw new InputError(`${path}: has a header and no rows`, { hint: "add at least one row" });
  return { path, columns: header, rows: body.map((row) => nameCells(path, header, row)) };
}

/**
 * Writes rows under a header, whole or not at all. A cell that a spreadsheet would run as a formula gets a leading
 * apostrophe; "-12.5 gram" stays as it is. @throws InputError when the file cannot be written.
 */
export async function writeCsv(
  path: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number>>[],
): Promise<void> {
  const data = rows.map((row) => columns.map((column) => disarm(String(row[column] ?? ""))));
  await writeFileAtomic(path, `${Papa.unparse({ fields: [...columns], data }, { newline: "\n" })}\n`);
}

const NEGATIVE_VALUE = /^-\d+(\.\d+)?( [a-zA-Z ]+)?$/;

function disarm(cell: string): string {
  return /^[=+@\t\r-]/.test(cell) && !NEGATIVE_VALUE.test(cell) ? `'${cell}` : cell;
}

async function readBytes(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "no such file" : cause.message;
    throw new InputError(`${path}: could not be read: ${reason}`, { hint: "check the path of the CSV file", cause });
  });
  if (bytes.length > MAX_BYTES) throw tooLarge(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(path);
    throw new InputError(`${path}: is a broken gzip file: ${cause.message}`, { hint: "copy the file anew", cause });
  });
}

const tooLarge = (path: string) =>
  new InputError(`${path}: is larger than ${MAX_BYTES / 2 ** 20} MiB`, { hint: "split the file into smaller ones" });

function decodeText(path: string, bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); // drops a byte order mark
  } catch (cause) {
    throw new InputError(`${path}: is not text in UTF-8`, { hint: "save it as CSV in UTF-8", cause });
  }
  const nul = text.indexOf("\0");
  if (nul < 0) return text;
  throw new InputError(`${path}: line ${lineAt(text, nul)} holds a NUL byte`, { hint: "save it as CSV in UTF-8" });
}

function quoteError(path: string, text: string, error: Papa.ParseError): InputError {
  const line = lineAt(text, error.index ?? 0);
  if (error.code === "MissingQuotes") {
    return new InputError(`${path}: the quote that opens on line ${line} is never closed`, {
      hint: 'close it, or write a quote inside a cell as ""',
    });
  }
  return new InputError(`${path}: line ${line}: ${error.message}`, { hint: 'write a quote inside a cell as ""' });
}

const lineAt = (text: string, index: number) => countBreaks(text.slice(0, index)) + 1;
const countBreaks = (text: string) => text.match(/\r\n|\n|\r/g)?.length ?? 0;

interface Line {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A row is as many lines high as its quoted cells have line breaks, and one. */
function numberLines(data: readonly (readonly string[])[]): Line[] {
  const rows: Line[] = [];
  let line = 1;
  for (const cells of data) {
    if (cells.length > 1 || cells[0].trim() !== "") rows.push({ line, cells });
    line++;
    for (const cell of cells) if (/[\r\n]/.test(cell)) line += countBreaks(cell);
  }
  return rows;
}

function checkHeader(path: string, header: readonly string[], needed: readonly string[]): void {
  const twice = header.find((name, i) => header.indexOf(name) !== i);
  if (twice !== undefined) throw new InputError(`${path}: line 1 has the column "${twice}" twice`);
  const missing = needed.filter((name) => !header.includes(name));
  if (missing.length === 0) return;
  const [first] = header;
  throw new InputError(`${path}: line 1 lacks the column ${missing.join(", ")}`, {
    hint: `columns found: ${(header.length > 1 ? header.join(", ") : first).slice(0, 300)}; commas must part them`,
  });
}

function nameCells(path: string, columns: readonly string[], { line, cells }: Line): CsvRow {
  if (cells.length !== columns.length) {
    throw new InputError(`${path}: line ${line} has ${cells.length} cells, the header has ${columns.length}`, {
      hint: "put quotes around a cell that holds a comma or a line break",
    });
  }
  const named: Record<string, string> = {};
  for (let i = 0; i < columns.length; i++) {
    if (cells[i].length > MAX_CELL) {
      throw new InputError(`${path}: line ${line}: ${columns[i]} is longer than ${MAX_CELL} letters`);
    }
    named[columns[i]] = cells[i];
  }
  return { line, cells: named };
}
