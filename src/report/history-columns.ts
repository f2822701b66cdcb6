import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { historyLines } from "../runs/history-lines.ts";
import { InputError } from "../util/errors.ts";

/** Numbers of a history by name, one a step; NaN where a step has none. */
export interface HistoryColumns {
  /** Steps that were read. */
  readonly steps: number;
  /** False where stretches were left out. */
  readonly isWhole: boolean;
  /** Lines that are no record: they are passed over. */
  readonly brokenLines: number;
  column(name: string): Float64Array;
}

/**
 * The named numbers of a history; no steps when there is no file. Of a file of more than `mostBytes` even stretches are read.
 * A last line that is cut off does not count as broken, for the process may have died at it.
 * @throws InputError when the file cannot be read
 */
export function readHistoryColumns(file: string, names: readonly string[], mostBytes = Infinity): HistoryColumns {
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size === 0) return parseHistory(Buffer.alloc(0), names);
    if (size <= mostBytes) return parseHistory(readFileSync(file), names);
    return { ...parseHistory(readStretches(file, size, mostBytes), names), isWhole: false };
  } catch (cause) {
    const message = `${file}: cannot be read: ${(cause as Error).message}`;
    throw new InputError(message, { hint: "check the run's folder", cause });
  }
}

const NEWLINE = 0x0a;
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

/** The same from bytes. */
export function parseHistory(bytes: Buffer, names: readonly string[]): HistoryColumns {
  const lineBytes = Math.max(32, bytes.indexOf(NEWLINE) + 1);
  let columns = names.map(() => new Float64Array(Math.ceil((1.1 * bytes.length) / lineBytes) + 16));
  const lines = historyLines(names);
  let [steps, brokenLines] = [0, 0];
  for (let start = 0; start < bytes.length; ) {
    const next = lines.read(bytes, start);
    if (next < 0) {
      start = ~next;
      if (start < bytes.length || bytes.at(-1) === NEWLINE) brokenLines++;
      continue;
    }
    if (steps === columns[0].length) columns = columns.map(doubled);
    for (let c = 0; c < names.length; c++) columns[c][steps] = lines.values[c];
    steps++;
    start = next;
  }
  return { steps, isWhole: true, brokenLines, column: (name) => columns[names.indexOf(name)].subarray(0, steps) };
}

function doubled(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
