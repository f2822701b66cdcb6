import { isAscii, isUtf8 } from "node:buffer";
import { InputError } from "../util/errors.ts";
import { CsvStretch, MAX_CELL, MAX_ROW } from "./csv-scan.ts";

/** A stretch of a table: cells by column, and where each row stands in its file. */
export interface RowBlock {
  readonly rowCount: number;
  /** The cells of column number `c`, one a row. */
  column(c: number): readonly string[];
  /** The cell of column number `c` in row `i`. */
  cell(c: number, i: number): string;
  /** Where row `i` begins: a line of a CSV file (the header's is 1). */
  lineOf(i: number): number;
  /** Rows `from` to before `to` as {@link encodeCsv} would write them, where they stand so in their file; else undefined. */
  csv(from: number, to: number): string | undefined;
}

/** Turns the bytes of a CSV file, piece by piece, into rows. */
export interface CsvScanner {
  /** The names in the header; undefined until it was seen. */
  readonly columns: readonly string[] | undefined;
  /** The rows that are complete with this piece. */
  push(piece: Uint8Array): RowBlock;
  /** The rows up to the end of the file. */
  end(): RowBlock;
}

/**
 * Reads CSV as RFC 4180 has it: UTF-8, a header, commas, cells in double quotes that may hold commas, line breaks and
 * doubled quotes. A byte order mark, LF, CRLF or CR and blank lines are fine; the apostrophe with which {@link encodeCsv}
 * disarms a cell is taken away; nothing else is guessed or mended. Memory is bounded by the piece and the longest row that is
 * allowed.
 * @throws InputError (from the scanner's calls) naming file and line of whatever is wrong
 */
export function scanCsv(path: string): CsvScanner {
  let columns: readonly string[] | undefined;
  let rest: Uint8Array = new Uint8Array(0);
  let from: { line: number; width: number | undefined } = { line: 1, width: undefined };
  let isFirst = true;

  const scan = (piece: Uint8Array, isLast: boolean): RowBlock => {
    let bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    if (isFirst && bytes.length < 3 && !isLast) {
      rest = Buffer.from(bytes);
      return EMPTY;
    }
    if (isFirst) bytes = withoutMark(path, bytes);
    isFirst = false;
    const found = new CsvStretch(path, bytes, from, isLast);
    from = found;
    rest = Buffer.from(bytes.subarray(found.used)); // the piece is not ours
    const text = readText(path, found);
    const headers = columns || found.lines.length === 0 ? 0 : 1;
    if (headers === 1) columns = Array.from({ length: found.width! }, (_, c) => text.cell(c));
    return toBlock(found, text, headers);
  };
  return {
    get columns() {
      return columns;
    },
    push: (piece) => scan(piece, false),
    end: () => scan(new Uint8Array(0), true),
  };
}

const EMPTY: RowBlock = { rowCount: 0, column: () => [], cell: () => "", lineOf: () => 0, csv: () => undefined };

function toBlock({ lines, width = 0, bounds }: CsvStretch, { cell, ascii }: StretchText, headers: number): RowBlock {
  const rowCount = lines.length - headers;
  let isAsWritten: boolean | undefined;
  return {
    rowCount,
    column: (c) => {
      const cells = new Array<string>(rowCount);
      for (let row = 0, i = headers * width + c; row < rowCount; row++, i += width) cells[row] = cell(i);
      return cells;
    },
    cell: (c, row) => cell((row + headers) * width + c),
    lineOf: (row) => lines[row + headers],
    csv(from, to) {
      if (ascii === undefined || from === to) return undefined;
      isAsWritten ??= standsAsWritten(ascii, bounds, width, lines.length);
      const [first, end] = [(from + headers) * width, (to + headers) * width];
      return isAsWritten ? `${ascii.slice(bounds[2 * first], bounds[2 * end - 1])}\n` : undefined;
    },
  };
}

/** Whether the rows are parted by LF, their cells by commas, and no cell would be written in another way. */
function standsAsWritten(text: string, bounds: Int32Array, width: number, rows: number): boolean {
  if (text.includes('"')) return false;
  for (let i = 0; i < rows * width; i++) {
    const [start, end] = [bounds[2 * i], bounds[2 * i + 1]];
    if (i > 0 && start !== bounds[2 * i - 1] + 1) return false;
    if (i > 0 && i % width === 0 && text[start - 1] !== "\n") return false;
    if (end > start && (ODD_STARTS[text.charCodeAt(start)] === 1 || text.charCodeAt(end - 1) <= SPACE)) return false;
  }
  return true;
}

const SPACE = 0x20;
/** 1 for letters that {@link encodeCsv} looks at twice when a cell begins with one. */
const ODD_STARTS = Uint8Array.from(
  { length: 128 },
  (_, code) => +(code <= SPACE || "=+@-".includes(String.fromCharCode(code))),
);

function withoutMark(path: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.subarray(3);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new InputError(`${path}: is UTF-16 text`, { hint: "save it as CSV in UTF-8" });
  }
  return bytes;
}

const APOSTROPHE = 0x27;

interface StretchText {
  /** The text of cell number `i`. */
  cell(i: number): string;
  /** All of the stretch, if it is ASCII: then places in bytes are places in it. */
  readonly ascii: string | undefined;
}

/**
 * Text of a stretch. Where all is ASCII, as in most files of links and numbers, a cell is a view of one string: that
 * costs a tenth of decoding each by itself.
 */
function readText(path: string, found: CsvStretch): StretchText {
  const { used, bounds, doubled } = found;
  const bytes = Buffer.from(found.bytes.buffer, found.bytes.byteOffset, used);
  const ascii = isAscii(bytes) ? bytes.toString("latin1") : undefined;
  if (ascii === undefined && !isUtf8(bytes)) throw notUtf8(path, bytes, found);
  const own = ascii === undefined ? Buffer.from(bytes) : bytes;
  const plain: (i: number) => string =
    ascii === undefined
      ? (i) => own.toString("utf8", bounds[2 * i], bounds[2 * i + 1])
      : (i) => ascii.slice(bounds[2 * i], bounds[2 * i + 1]);
  const unquoted = (i: number) => (doubled.has(i) ? plain(i).replaceAll('""', '"') : plain(i));
  const read = doubled.size === 0 ? plain : unquoted;
  const isGuarded = bytes.includes(APOSTROPHE); // most files hold none: then no cell has to be looked at
  return { cell: isGuarded ? (i) => withoutGuard(read(i)) : read, ascii };
}

function notUtf8(path: string, text: Buffer, { bounds, lines, cells, width = 1 }: CsvStretch): InputError {
  let cell = 0;
  while (cell < cells - 1 && isUtf8(text.subarray(bounds[2 * cell], bounds[2 * cell + 1]))) cell++;
  return new InputError(`${path}: line ${lines[Math.floor(cell / width)]}: is not text in UTF-8`, {
    hint: "save the whole file as CSV in UTF-8; this row, or all, is in another encoding",
  });
}

const NEGATIVE_VALUE = /^-\d+(\.\d+)?( [a-zA-Z ]+)?$/;

/**
 * Rows of a CSV file, from the cells of its columns. A cell that a spreadsheet would run as a formula gets a leading
 * apostrophe, which {@link scanCsv} takes away again; "-12.5 gram" stays as it is.
 */
export function encodeCsv(columns: readonly (readonly string[])[]): string {
  let text = "";
  for (let row = 0; row < columns[0].length; row++) {
    for (let c = 0; c < columns.length; c++) text += (c > 0 ? "," : "") + encodeCell(columns[c][row]);
    text += columns.length === 1 && columns[0][row] === "" ? '""\n' : "\n";
  }
  return text;
}

/** A row that cannot be, and why; `column` is undefined where no cell alone is to blame. */
export interface CsvFault {
  readonly row: number;
  readonly column: number | undefined;
  readonly reason: string;
}

/** The first of the rows that {@link scanCsv} would refuse when {@link encodeCsv} has written them. Parquet can hold such. */
export function findCsvFault(columns: readonly (readonly string[])[]): CsvFault | undefined {
  for (let row = 0; row < columns[0].length; row++) {
    let [letters, hasNul] = [0, false];
    for (const cells of columns) {
      letters += cells[row].length;
      hasNul ||= cells[row].includes("\0");
    }
    const isShort = 6 * letters < MAX_CELL; // a letter has up to 3 bytes, and a quote is written twice
    const fault = isShort && !hasNul ? undefined : faultOf(columns.map((cells) => cells[row]));
    if (fault) return { row, ...fault };
  }
  return undefined;
}

function faultOf(cells: readonly string[]): Omit<CsvFault, "row"> | undefined {
  let bytes = cells.length - 1;
  for (const [column, cell] of cells.entries()) {
    if (cell.includes("\0")) return { column, reason: "holds a NUL byte" };
    const text = encodeCell(cell);
    const length = Buffer.byteLength(text);
    if (length - (text.startsWith('"') ? 2 : 0) > MAX_CELL)
      return { column, reason: `is longer than ${MAX_CELL} bytes` };
    bytes += length;
  }
  return bytes > MAX_ROW ? { column: undefined, reason: `is longer than ${MAX_ROW / 2 ** 20} MiB` } : undefined;
}

/** Any of what the next lines look for: most cells hold none of it. */
const SPECIAL = /^[=+@'-]|[",\r\n]|^\s|\s$/;

function encodeCell(cell: string): string {
  if (!SPECIAL.test(cell)) return cell;
  const text = needsGuard(cell) ? `'${cell}` : cell;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Apostrophes of its own change nothing: so a guard can be told from them. */
function needsGuard(cell: string): boolean {
  const bare = cell.replace(/^'+/, "");
  return /^[=+@\t\r-]/.test(bare) && !NEGATIVE_VALUE.test(bare);
}

/** A cell as it was before {@link encodeCsv} put its apostrophe there: the exact inverse. */
const withoutGuard = (cell: string): string =>
  cell.startsWith("'") && needsGuard(cell.slice(1)) ? cell.slice(1) : cell;
