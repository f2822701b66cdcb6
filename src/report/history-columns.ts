import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { InputError } from "../util/errors.ts";

/** Numbers of a history by name, one a step; NaN where a step has none. */
export interface HistoryColumns {
  /** Steps that were read. */
  readonly steps: number;
  /** False where stretches were left out. */
  readonly isWhole: boolean;
  column(name: string): Float64Array;
}

/**
 * The named numbers of a history; no steps when there is no file. Lines that have the keys of the line before, as most have,
 * are read in place, several times as fast as by JSON.parse. Of a file of more than `mostBytes` even stretches are read.
 * @throws InputError naming the line that is broken; a last one is left out, for the process may have died at it
 */
export function readHistoryColumns(file: string, names: readonly string[], mostBytes = Infinity): HistoryColumns {
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size === 0) return parseHistory(file, Buffer.alloc(0), names);
    if (size <= mostBytes) return parseHistory(file, readFileSync(file), names);
    return { ...parseHistory(`${file}, read in part`, readStretches(file, size, mostBytes), names), isWhole: false };
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const message = `${file}: cannot be read: ${(cause as Error).message}`;
    throw new InputError(message, { hint: "check the run's folder", cause });
  }
}

const STRETCH = 2 ** 14;

/** Whole lines of even stretches of a file, from its beginning to its end. */
function readStretches(path: string, size: number, mostBytes: number): Buffer {
  const count = Math.max(2, Math.floor(mostBytes / STRETCH));
  const file = openSync(path, "r");
  try {
    const stretches = Array.from({ length: count }, (_, i) => {
      const from = Math.floor((i * (size - STRETCH)) / (count - 1));
      const bytes = Buffer.alloc(STRETCH);
      const read = bytes.subarray(0, readSync(file, bytes, 0, STRETCH, from));
      const first = i === 0 ? 0 : read.indexOf(NEWLINE) + 1;
      return read.subarray(first, i === count - 1 ? read.length : read.lastIndexOf(NEWLINE) + 1);
    });
    return Buffer.concat(stretches);
  } finally {
    closeSync(file);
  }
}

/** The same from bytes; `source` names them in errors. */
export function parseHistory(source: string, bytes: Buffer, names: readonly string[]): HistoryColumns {
  const lineBytes = Math.max(32, bytes.indexOf(NEWLINE) + 1);
  let columns = names.map(() => new Float64Array(Math.ceil((1.1 * bytes.length) / lineBytes) + 16));
  const values = new Float64Array(names.length);
  let steps = 0;
  let layout = NO_LAYOUT;
  let start = 0;
  for (let line = 1; start < bytes.length; line++) {
    let next = readAlike(bytes, start, layout, values);
    if (next < 0) {
      const end = bytes.indexOf(NEWLINE, start);
      next = end < 0 ? bytes.length : end + 1;
      const text = bytes.toString("utf8", start, end < 0 ? bytes.length : end);
      const record = parseLine(text);
      if (!record) {
        if (next === bytes.length) break;
        throw new InputError(`${source}:${line}: not a history record: ${text.slice(0, 60)}`, {
          hint: "mend or delete this line",
        });
      }
      layout = layoutOf(record, names);
      names.forEach((name, c) => {
        const value = record[name];
        values[c] = typeof value === "number" ? value : Number.NaN;
      });
    }
    if (steps === columns[0].length) columns = columns.map(doubled);
    for (let c = 0; c < values.length; c++) columns[c][steps] = values[c];
    steps++;
    start = next;
  }
  return { steps, isWhole: true, column: (name) => columns[names.indexOf(name)].subarray(0, steps) };
}

/** What stands before each number of a line, one text after the other. */
interface Layout {
  readonly texts: Uint8Array;
  /** Where the text before each number ends in `texts`. */
  readonly ends: Int32Array;
  /** The column that each number is for, or −1. */
  readonly columns: Int32Array;
}

const NO_LAYOUT: Layout = { texts: new Uint8Array(), ends: new Int32Array(), columns: new Int32Array() };

function layoutOf(record: Readonly<Record<string, unknown>>, names: readonly string[]): Layout {
  const keys = Object.keys(record);
  const before = keys.map((key, i) => Buffer.from(`${i === 0 ? "{" : ","}${JSON.stringify(key)}:`));
  let end = 0;
  return {
    texts: new Uint8Array(Buffer.concat(before)),
    ends: Int32Array.from(before, ({ length }) => (end += length)),
    columns: Int32Array.from(keys, (key) => names.indexOf(key)),
  };
}

/** Some programs write NaN and Infinity, which JSON does not have. */
function parseLine(text: string): Record<string, unknown> | undefined {
  for (const json of [text, text.replaceAll(/:\s*(NaN|-?Infinity)(?=\s*[,}])/g, ":null")]) {
    try {
      const record = JSON.parse(json) as Record<string, unknown> | null;
      return Number.isInteger(record?.step) ? record! : undefined;
    } catch {}
  }
  return undefined;
}

function doubled(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const CLOSE = 0x7d;
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
/** Beyond, a digit changes nothing that a chart could show. */
const MANTISSA = 9e14;

/** Reads a line of plain numbers in the layout into `values`; gives where the next line begins, −1 for another kind of line. */
function readAlike(bytes: Uint8Array, start: number, { texts, ends, columns }: Layout, values: Float64Array): number {
  if (ends.length === 0) return -1;
  values.fill(Number.NaN);
  let at = start;
  let t = 0;
  for (let key = 0; key < ends.length; key++) {
    for (const end = ends[key]; t < end; t++) if (bytes[at++] !== texts[t]) return -1;
    const column = columns[key];
    let b = bytes[at];
    if (column < 0) {
      while (b !== COMMA && b !== CLOSE) {
        if (b === QUOTE || b === NEWLINE || b === undefined) return -1;
        b = bytes[++at];
      }
      continue;
    }
    const isNegative = b === MINUS;
    if (isNegative) b = bytes[++at];
    let mantissa = 0;
    let decimals = 0;
    let point = 0;
    for (;;) {
      const digit = b - ZERO;
      if (digit >= 0 && digit <= 9) {
        if (mantissa < MANTISSA) {
          mantissa = mantissa * 10 + digit;
          decimals += point;
        } else if (point === 0) return -1;
      } else if (b === DOT && point === 0) point = 1;
      else break;
      b = bytes[++at];
    }
    if ((b !== COMMA && b !== CLOSE) || decimals >= POWERS.length) return -1;
    values[column] = (isNegative ? -mantissa : mantissa) / POWERS[decimals];
  }
  return bytes[at] === CLOSE && bytes[at + 1] === NEWLINE ? at + 2 : -1;
}
