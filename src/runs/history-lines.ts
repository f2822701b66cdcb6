/** Lines of a history, one after the other. */
export interface HistoryLines {
  /** Of the numbers that are read; those of every line so far where none were named. */
  readonly names: readonly string[];
  /** Numbers of the line that was read last, one a name: NaN for one that it has not, and for null. */
  readonly values: Float64Array;
  /** Which of `values` the line has, null among them; −1 for what is not read. */
  readonly columns: Int32Array;
  /** Reads the line at `start`, and gives where the next one begins; the bitwise complement of that where it is no record. */
  read(bytes: Buffer, start: number): number;
}

/** More numbers than any record has: of a file of something else, the rest is passed over. */
const MOST_NAMES = 100;

/**
 * Reads lines of a history for the named numbers, or for all. Lines that have the keys of the line before, as most have,
 * are read in place, several times as fast as by JSON.parse.
 */
export function historyLines(wanted?: readonly string[]): HistoryLines {
  const names = [...(wanted ?? [])];
  let values = new Float64Array(names.length);
  let layout = NO_LAYOUT;
  const meet = (record: Readonly<Record<string, unknown>>) => {
    const isNew = (name: string) =>
      (typeof record[name] === "number" || record[name] === null) && !names.includes(name);
    if (wanted === undefined)
      names.push(
        ...Object.keys(record)
          .filter(isNew)
          .slice(0, MOST_NAMES - names.length),
      );
    if (names.length > values.length) values = new Float64Array(names.length);
  };
  return {
    names,
    get values() {
      return values;
    },
    get columns() {
      return layout.columns;
    },
    read(bytes, start) {
      const next = readAlike(bytes, start, layout, values);
      if (next >= 0) return next;
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 ? bytes.length : newline;
      const behind = newline < 0 ? end : end + 1;
      const record = parseRecord(bytes.toString("utf8", start, end))?.record;
      if (!record) return ~behind;
      meet(record);
      layout = layoutOf(record, names);
      names.forEach((name, c) => {
        const value = record[name];
        values[c] = typeof value === "number" ? value : Number.NaN;
      });
      return behind;
    },
  };
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

/**
 * A line as it was written, to the last digit; undefined where it is no record. Some programs write NaN and Infinity, which
 * JSON does not have: they are null in `json`, too.
 */
export function parseRecord(
  text: string,
): { readonly record: Readonly<Record<string, unknown>>; readonly json: string } | undefined {
  for (const json of [text, text.replaceAll(/:\s*(NaN|-?Infinity)(?=\s*[,}])/g, ":null")]) {
    try {
      const record = JSON.parse(json) as Record<string, unknown> | null;
      return Number.isInteger(record?.step) ? { record: record!, json } : undefined;
    } catch {}
  }
  return undefined;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const CLOSE = 0x7d;
const SMALL_E = 0x65;
const SMALL_N = 0x6e;
const PLUS = 0x2b;
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const NULL = Buffer.from("null");
/** Beyond, a digit changes nothing that a chart could show. */
const MANTISSA = 9e14;

/** Reads a line of plain numbers in the layout into `values`; gives where the next line begins, −1 for another kind of line. */
function readAlike(bytes: Buffer, start: number, { texts, ends, columns }: Layout, values: Float64Array): number {
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
    if (b === SMALL_N) {
      for (const letter of NULL) if (bytes[at++] !== letter) return -1;
      if (bytes[at] !== COMMA && bytes[at] !== CLOSE) return -1;
      continue;
    }
    const isNegative = b === MINUS;
    if (isNegative) b = bytes[++at];
    let mantissa = 0;
    let decimals = 0;
    let point = 0;
    if (!(b >= ZERO && b <= NINE)) return -1;
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
    if (b === SMALL_E) {
      const from = at + 1;
      do b = bytes[++at];
      while ((b >= ZERO && b <= NINE) || b === MINUS || b === PLUS);
      decimals -= at === from ? Number.NaN : Number(bytes.toString("latin1", from, at));
    }
    if ((b !== COMMA && b !== CLOSE) || !(decimals > -POWERS.length && decimals < POWERS.length)) return -1;
    const size = decimals < 0 ? mantissa * POWERS[-decimals] : mantissa / POWERS[decimals];
    values[column] = isNegative ? -size : size;
  }
  return bytes[at] === CLOSE && bytes[at + 1] === NEWLINE ? at + 2 : -1;
}
