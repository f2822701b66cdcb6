import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";
import { type HistoryLines, historyLines } from "../runs/history-lines.ts";
import type { MetricSummary, Point } from "./api.ts";
import { READ_OWN } from "./run-files.ts";
import { namesFor, type Points, pointsOf, rangeOf, type SeriesQuery, type StretchRange } from "./series.ts";
import { Stretches } from "./stretches.ts";

const NEWLINE = 0x0a;
/** One read: longer lines are no records. */
const CHUNK = 2 ** 20;
/** Bytes before the place of reading by which a file is known again. */
const FINGERPRINT = 64;
/** Of a file that is looked at in part, and in how many pieces. */
const SAMPLE = 2 ** 12;
const SAMPLES = 128;
/** What is read to its end at once where a series is asked for. */
const SHORT = 2 ** 21;
/** More new lines than anybody wants one by one. */
const MOST_RECORDS = 1000;

export type NumberRecord = Readonly<Record<string, Point>>;

/** What a history says so far. */
export interface HistorySummary {
  readonly step: number;
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  readonly brokenLines: number;
}

/** What a step of reading brought. */
export interface Advance {
  /** Whether all whole lines have been read. */
  readonly isAtEnd: boolean;
  /** Whether the file was read from its beginning again: it was cut, or another took its place. */
  readonly isAnew: boolean;
  /** New lines of a history that had been read to its end; null where they are too many to be told one by one. */
  readonly records: readonly NumberRecord[] | null;
}

export type FoundPoints = Points & { readonly isSampled?: boolean; readonly brokenLines: number };

/**
 * A history that is read as it grows, a few megabytes at a time, into stretches: its size does not matter to memory. A half
 * line at its end waits until it is whole; a broken one further up is counted and passed over.
 */
export class HistoryFile {
  readonly path: string;
  #lines: HistoryLines = historyLines();
  #stretches = new Stretches(this.#lines.names);
  #position = 0;
  #brokenLines = 0;
  #isRead = false;
  /** In the middle of a line that is too long. */
  #isSkipping = false;
  #inode = 0;
  #before = Buffer.alloc(0);

  constructor(path: string) {
    this.path = path;
  }

  /** Whether it was once read to its end. */
  get isRead(): boolean {
    return this.#isRead;
  }

  get summary(): HistorySummary {
    const metrics = this.#stretches.names.flatMap((name) => {
      const column = name === "step" ? undefined : this.#stretches.column(name);
      if (!column) return [];
      return [[name, { last: finite(column.last), min: finite(column.min), max: finite(column.max) }] as const];
    });
    const step = this.#stretches.column("step")?.last ?? 0;
    return { step, metrics: Object.fromEntries(metrics), brokenLines: this.#brokenLines };
  }

  /** Reads on, at most so many bytes. A file that is not there has no lines. */
  advance(mostBytes: number): Advance {
    const file = open(this.path);
    if (file === undefined) {
      const isAnew = this.#position > 0;
      if (isAnew) this.#restart(0);
      this.#isRead = true;
      return { isAtEnd: true, isAnew, records: [] };
    }
    try {
      const isAnew = !this.#isSame(file);
      if (isAnew) this.#restart(fstatSync(file).ino);
      const records: NumberRecord[] | null = this.#isRead ? [] : null;
      const begin = this.#position;
      let isAtEnd = false;
      while (!isAtEnd && this.#position - begin < mostBytes) isAtEnd = this.#readChunk(file, records);
      if (isAtEnd) this.#isRead = true;
      return { isAtEnd, isAnew, records: records && records.length <= MOST_RECORDS ? records : null };
    } finally {
      closeSync(file);
    }
  }

  /** The points of a metric: from stretches, from a part that is read again, or, before all was read, from pieces. */
  async points(query: SeriesQuery): Promise<FoundPoints> {
    if (!this.#isRead && this.#rest() <= SHORT) while (!this.advance(SHORT).isAtEnd);
    const { brokenLines } = this.summary;
    if (!this.#isRead) return { ...this.#sampled(query), isSampled: true, brokenLines };
    const range = rangeOf(this.#stretches, query);
    const isFine = this.#stretches.width === 1 || range.end - range.begin >= this.#wantedStretches(query.points);
    const points = isFine ? undefined : await this.#readAgain(range, query);
    return { ...(points ?? pointsOf(this.#stretches, query, range)), brokenLines };
  }

  /** A quarter of a long file is the most that is read again. */
  #wantedStretches(points: number): number {
    return Math.min(points, this.#stretches.length / 4);
  }

  #rest(): number {
    const file = open(this.path);
    if (file === undefined) return 0;
    try {
      return fstatSync(file).size - this.#position;
    } finally {
      closeSync(file);
    }
  }

  #isSame(file: number): boolean {
    const { ino, size } = fstatSync(file);
    if (this.#position === 0 && !this.#isSkipping) this.#inode = ino;
    if (ino !== this.#inode || size < this.#position) return false;
    const before = Buffer.alloc(this.#before.length);
    readSync(file, before, 0, before.length, this.#position - before.length);
    return before.equals(this.#before);
  }

  #restart(inode: number): void {
    this.#lines = historyLines();
    this.#stretches = new Stretches(this.#lines.names);
    this.#position = 0;
    this.#brokenLines = 0;
    this.#isRead = false;
    this.#isSkipping = false;
    this.#inode = inode;
    this.#before = Buffer.alloc(0);
  }

  /** @returns whether there is no whole line left */
  #readChunk(file: number, records: NumberRecord[] | null): boolean {
    sharedBuffer ??= Buffer.allocUnsafe(CHUNK);
    const bytes = sharedBuffer.subarray(0, readSync(file, sharedBuffer, 0, CHUNK, this.#position));
    let end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      if (bytes.length < CHUNK && !(this.#isSkipping && bytes.length > 0)) return true;
      if (!this.#isSkipping) this.#brokenLines++;
      this.#isSkipping = true;
      end = bytes.length;
    } else {
      const start = this.#isSkipping ? bytes.indexOf(NEWLINE) + 1 : 0;
      this.#isSkipping = false;
      const read = (position: number) => {
        this.#stretches.add(position, this.#lines);
        if (records && records.length <= MOST_RECORDS) records.push(recordOf(this.#lines));
      };
      this.#brokenLines += readLines(bytes.subarray(0, end), start, this.#position, this.#lines, read);
    }
    this.#before = Buffer.from(bytes.subarray(Math.max(0, end - FINGERPRINT), end));
    this.#position += end;
    return bytes.length < CHUNK;
  }

  /** Even pieces of the file, of which each is one stretch. */
  #sampled(query: SeriesQuery): Points {
    const lines = historyLines(namesFor(query));
    const stretches = new Stretches(lines.names, { width: Infinity });
    const file = open(this.path);
    if (file !== undefined) {
      try {
        const { size } = fstatSync(file);
        const buffer = Buffer.allocUnsafe(SAMPLE);
        for (let i = 0; i < SAMPLES; i++) {
          const from = Math.max(0, Math.floor((i * (size - SAMPLE)) / (SAMPLES - 1)));
          const bytes = buffer.subarray(0, readSync(file, buffer, 0, SAMPLE, from));
          const start = i === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
          const end = bytes.lastIndexOf(NEWLINE) + 1;
          stretches.next();
          readLines(bytes.subarray(0, end), start, from, lines, (position) => stretches.add(position, lines));
        }
      } finally {
        closeSync(file);
      }
    }
    return { ...pointsOf(stretches, query, rangeOf(stretches, query)), isExact: false };
  }

  /** A part of the file in finer stretches; undefined where the file is not the one that was read. */
  async #readAgain({ begin, end, before }: StretchRange, query: SeriesQuery): Promise<Points | undefined> {
    const lines = historyLines(namesFor(query));
    const stretches = new Stretches(lines.names);
    const { begins, length } = this.#stretches;
    const to = end < length ? begins[end] : this.#position;
    const file = open(this.path);
    if (file === undefined) return undefined;
    const buffer = Buffer.allocUnsafe(CHUNK);
    try {
      if (!this.#isSame(file)) return undefined;
      for (let position = begins[begin]; position < to; ) {
        const wanted = Math.min(CHUNK, to - position);
        const bytes = buffer.subarray(0, readSync(file, buffer, 0, wanted, position));
        const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1);
        readLines(whole, 0, position, lines, (at) => stretches.add(at, lines));
        if (bytes.length === 0) break;
        position += whole.length || bytes.length;
        await breathe();
      }
    } finally {
      closeSync(file);
    }
    const range = rangeOf(stretches, { ...query, ...shifted(query, before) });
    return pointsOf(stretches, query, range, before);
  }
}

/** Memory of a read: to touch new memory for each costs as much as to read. One thread reads one file at a time. */
let sharedBuffer: Buffer | undefined;

/** Calls `read` with the position of each line that is a record; gives how many are none. */
function readLines(
  bytes: Buffer,
  start: number,
  position: number,
  lines: HistoryLines,
  read: (position: number) => void,
): number {
  let broken = 0;
  for (let at = start; at < bytes.length; ) {
    const next = lines.read(bytes, at);
    if (next < 0) broken++;
    else read(position + at);
    at = next < 0 ? ~next : next;
  }
  return broken;
}

/** A range of an axis that counts from the beginning of a part. */
function shifted({ axis, from, to }: SeriesQuery, before: number) {
  const by = axis === "step" ? 0 : before;
  return { from: from === undefined ? undefined : from - by, to: to === undefined ? undefined : to - by };
}

function recordOf({ names, values, columns }: HistoryLines): NumberRecord {
  const present = [...columns].filter((c) => c >= 0);
  return Object.fromEntries(present.map((c) => [names[c], finite(values[c])]));
}

const finite = (value: number): Point => (Number.isFinite(value) ? value : null);

/** Undefined where no ordinary file is. */
function open(path: string): number | undefined {
  try {
    const file = openSync(path, READ_OWN);
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
    return undefined;
  } catch (error) {
    if (["ENOENT", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
