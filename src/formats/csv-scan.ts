import { InputError } from "../util/errors.ts";
import { loadPlainRows, type PlainRows } from "./csv-plain-rows.ts";

/** Bytes of a cell between its commas or quotes, and of a row, at most: what is held in memory of one without an end. */
export const MAX_CELL = 64 * 2 ** 10;
export const MAX_ROW = 2 ** 20;
const [NUL, LF, CR, QUOTE, COMMA] = [0, 10, 13, 34, 44];

/** 1 for the bytes at which a cell without quotes ends, or is refused. */
const STOPS = Uint8Array.from({ length: 256 }, (_, byte) => +[NUL, LF, CR, COMMA].includes(byte));

/** Loaded when the first file is read. */
let plainRows: ReturnType<typeof loadPlainRows> | undefined;

/**
 * The rows in a stretch of the bytes of a CSV file (RFC 4180), as places of cells: cell c of row r is number
 * r · width + c. A row that may go on behind the stretch is left out; {@link used} says where it begins.
 * @throws InputError naming file and line of what is no CSV
 */
export class CsvStretch {
  /** i32 [cell,2]: where each begins and where it ends. */
  bounds: Int32Array;
  /** How many cells there are. */
  cells = 0;
  /** Numbers of the cells in which quotes are doubled. */
  readonly doubled = new Set<number>();
  /** The line on which each row begins. */
  readonly lines: number[] = [];
  /** Bytes up to the end of the last whole row. */
  used = 0;
  /** The line that begins there. */
  line: number;
  /** Cells of a row; undefined until the header was seen. */
  width: number | undefined;

  readonly bytes: Uint8Array;
  readonly #path: string;
  readonly #isLast: boolean;
  readonly #plain: PlainRows | undefined;
  #at = 0;

  /** @param from what the stretch before it ended with; @param isLast whether the file ends with these bytes */
  constructor(
    path: string,
    bytes: Uint8Array,
    from: { readonly line: number; readonly width: number | undefined },
    isLast: boolean,
  ) {
    this.#path = path;
    this.bytes = bytes;
    this.line = from.line;
    this.width = from.width;
    this.#isLast = isLast;
    this.bounds = new Int32Array(bytes.length >> 2);
    plainRows ??= loadPlainRows();
    this.#plain = plainRows(bytes);
    while (this.#at < bytes.length && (this.#readPlainRows() || this.#readRow())) this.used = this.#at;
  }

  /** The rows in which nothing is to be judged: most of a file, in half the time. False when there is none here. */
  #readPlainRows(): boolean {
    const { width = 0 } = this;
    const mayBePlain = width > 1 && this.bytes[this.#at] !== QUOTE; // a single cell may be a blank line
    const rows = mayBePlain && this.#plain ? this.#plain.count(this.#at, width) : 0;
    if (rows === 0) return false;
    const found = this.#plain!.bounds.subarray(0, 2 * rows * width);
    this.#reserve(rows * width);
    this.bounds.set(found, 2 * this.cells);
    this.cells += rows * width;
    for (let row = 0; row < rows; row++) this.lines.push(this.line++);
    const end = found[found.length - 1];
    this.#at = end + (this.bytes[end] === CR ? 2 : 1);
    return true;
  }

  /** False when the row is cut off by the end of the stretch: nothing of it is kept. */
  #readRow(): boolean {
    const [line, first, begin] = [this.line, this.cells, this.#at];
    let whole = this.#readCell(line, first);
    while (whole && this.#at < this.bytes.length && this.bytes[this.#at] === COMMA) {
      this.#at++;
      whole = this.#readCell(line, first);
    }
    if (this.#at - begin > MAX_ROW) throw this.#fault(line, `the row is longer than ${MAX_ROW / 2 ** 20} MiB`);
    if (whole && this.#readLineBreak()) this.#endRow(line, first);
    else {
      this.line = line;
      this.cells = first;
      return false;
    }
    return true;
  }

  #readCell(rowLine: number, first: number): boolean {
    const isWhole = this.bytes[this.#at] === QUOTE ? this.#readQuoted(rowLine) : this.#readPlain();
    const cell = this.cells - 1;
    if (this.bounds[2 * cell + 1] - this.bounds[2 * cell] <= MAX_CELL) return isWhole;
    throw this.#fault(rowLine, `cell ${cell - first + 1} is longer than ${MAX_CELL} bytes`, CLOSE_QUOTES);
  }

  #readPlain(): boolean {
    const { bytes } = this;
    let i = this.#at;
    while (i < bytes.length && STOPS[bytes[i]] === 0) i++;
    this.#add(this.#at, i);
    this.#at = i;
    return i < bytes.length || this.#isLast;
  }

  /** From an opening quote to behind the closing one. */
  #readQuoted(rowLine: number): boolean {
    const { bytes } = this;
    const start = this.#at + 1;
    for (let i = start; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === QUOTE && bytes[i + 1] === QUOTE) {
        this.doubled.add(this.cells);
        i++;
      } else if (byte === QUOTE) {
        this.#add(start, i);
        this.#at = i + 1;
        return this.#at < bytes.length || this.#isLast; // at the very end it may be the first of two
      } else if (byte === LF || (byte === CR && bytes[i + 1] !== LF)) this.line++;
      else if (byte === NUL) throw this.#nulByte();
    }
    if (this.#isLast) throw this.#fault(rowLine, "a quote that opens in this row is never closed", CLOSE_QUOTES);
    this.#add(start, bytes.length);
    return false;
  }

  #add(start: number, end: number): void {
    this.#reserve(1);
    this.bounds[2 * this.cells] = start;
    this.bounds[2 * this.cells++ + 1] = end;
  }

  #reserve(cells: number): void {
    const length = 2 * (this.cells + cells);
    if (length <= this.bounds.length) return;
    const larger = new Int32Array(2 * length);
    larger.set(this.bounds);
    this.bounds = larger;
  }

  /** Behind the last cell of a row. False when the stretch ends before it is clear. */
  #readLineBreak(): boolean {
    const byte = this.bytes[this.#at];
    if (this.#at >= this.bytes.length) return this.#isLast;
    if (byte === NUL) throw this.#nulByte();
    if (byte !== LF && byte !== CR) throw this.#fault(this.line, "text stands behind a closing quote", CLOSE_QUOTES);
    if (byte === CR && this.#at + 1 === this.bytes.length && !this.#isLast) return false; // half of CRLF?
    this.#at += byte === CR && this.bytes[this.#at + 1] === LF ? 2 : 1;
    this.line++;
    return true;
  }

  #endRow(line: number, first: number): void {
    const cells = this.cells - first;
    if (cells === 1 && this.#isBlank(first)) {
      this.cells = first;
      return;
    }
    this.width ??= cells;
    if (cells !== this.width) {
      throw this.#fault(line, `the row has ${cells} cells, the header has ${this.width}`, QUOTE_COMMAS);
    }
    this.lines.push(line);
  }

  /** A cell in quotes is no blank line where a row has one cell. */
  #isBlank(cell: number): boolean {
    if (this.width === 1 && this.bytes[this.bounds[2 * cell] - 1] === QUOTE) return false;
    const end = this.bounds[2 * cell + 1];
    for (let i = this.bounds[2 * cell]; i < end; i++)
      if (this.bytes[i] !== 0x20 && this.bytes[i] !== 0x09) return false;
    return true;
  }

  #nulByte(): InputError {
    return this.#fault(this.line, "there is a NUL byte", "save the file as CSV in UTF-8");
  }

  #fault(line: number, message: string, hint?: string): InputError {
    return new InputError(`${this.#path}: line ${line}: ${message}`, hint === undefined ? {} : { hint });
  }
}

const CLOSE_QUOTES = 'close the quote that opens the cell, and write a quote inside such a cell as ""';
const QUOTE_COMMAS = "put quotes around a cell that holds a comma or a line break";
