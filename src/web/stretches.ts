/** A history is kept in at most so many stretches: some 28 bytes each for every number that it has, however long it is. */
const MOST_STRETCHES = 2048;
const FIRST_STRETCHES = 64;

/** One of a history's numbers, by stretch. */
export interface StretchColumn {
  /** How many numbers it has; null and NaN are none. */
  count: Uint32Array;
  sum: Float64Array;
  /** Where there is no number: NaN if the stretch has a null, else Infinity. */
  least: Float64Array;
  greatest: Float64Array;
  /** Of all: NaN where it is no number. */
  last: number;
  min: number;
  max: number;
}

/** What is read of a line, as historyLines has it. */
export interface LineNumbers {
  readonly names: readonly string[];
  readonly values: Float64Array;
  readonly columns: Int32Array;
}

/** The stretch that lines are being added to, by column: as quick as a loop over numbers can be. */
interface OpenStretch {
  readonly count: Float64Array;
  readonly nulls: Float64Array;
  readonly sum: Float64Array;
  readonly least: Float64Array;
  readonly greatest: Float64Array;
  readonly last: Float64Array;
}

/**
 * A history in stretches of equally many lines, with the least, greatest and sum of each number in each. When all are full,
 * neighbours become one and a stretch is twice as wide: memory is bounded and no spike is lost. Exact while a stretch is one line.
 */
export class Stretches {
  /** Lines a stretch; Infinity where whoever adds says when the next one begins. */
  width: number;
  lines = 0;
  length = 0;
  /** Where the first line of each begins in its file. */
  begins = new Float64Array(FIRST_STRETCHES);
  readonly names: readonly string[];
  readonly #columns: StretchColumn[] = [];
  readonly #most: number;
  #open = openStretch(0);
  #filled = 0;

  /** `names` of the numbers may become more while lines are added. */
  constructor(names: readonly string[], { most = MOST_STRETCHES, width = 1 } = {}) {
    this.names = names;
    this.width = width;
    this.#most = most;
  }

  /** Adds the line that begins at a position of its file. */
  add(position: number, { columns, values }: LineNumbers): void {
    if (this.length === 0 || this.#filled === this.width) this.#begin(position);
    if (values.length > this.#open.count.length) this.#open = openStretch(values.length, this.#open);
    const { count, nulls, sum, least, greatest, last } = this.#open;
    for (let k = 0; k < columns.length; k++) {
      const c = columns[k];
      if (c < 0) continue;
      const value = values[c];
      last[c] = value;
      if (value - value !== 0) {
        nulls[c]++; // NaN or infinite
        continue;
      }
      count[c]++;
      sum[c] += value;
      if (value < least[c]) least[c] = value;
      if (value > greatest[c]) greatest[c] = value;
    }
    this.#filled++;
    this.lines++;
  }

  /** The next line begins a stretch. */
  next(): void {
    this.#filled = this.width;
  }

  /** A number of the lines so far; undefined when none had it. */
  column(name: string): StretchColumn | undefined {
    this.#settle();
    const column = this.#columns[this.names.indexOf(name)];
    if (column) grow(column, this.length);
    return column;
  }

  #begin(position: number): void {
    this.#settle();
    empty(this.#open);
    if (this.length === this.#most) this.#halve();
    if (this.length === this.begins.length) this.begins = longer(this.begins, 2 * this.length);
    this.begins[this.length++] = position;
    this.#filled = 0;
  }

  /** Writes down the open stretch as far as it is. */
  #settle(): void {
    const { count, nulls, sum, least, greatest, last } = this.#open;
    const i = this.length - 1;
    for (let c = 0; c < count.length; c++) {
      if (count[c] === 0 && nulls[c] === 0) continue;
      this.#columns[c] ??= newColumn();
      const column = this.#columns[c];
      grow(column, this.length);
      column.count[i] = count[c];
      column.sum[i] = sum[c];
      column.least[i] = count[c] === 0 ? Number.NaN : least[c];
      column.greatest[i] = greatest[c];
      column.last = Number.isFinite(last[c]) ? last[c] : Number.NaN;
      column.min = Math.min(column.min, least[c]);
      column.max = Math.max(column.max, greatest[c]);
    }
  }

  #halve(): void {
    for (const column of this.#columns) {
      if (!column) continue;
      grow(column, this.length);
      for (let i = 0; i < this.length; i += 2) join(column, i, i + 1, i / 2);
      clear(column, this.length / 2);
    }
    this.length /= 2;
    this.width *= 2;
    for (let i = 0; i < this.length; i++) this.begins[i] = this.begins[2 * i];
  }
}

function openStretch(size: number, before?: OpenStretch): OpenStretch {
  const numbers = () => new Float64Array(size);
  const open = {
    count: numbers(),
    nulls: numbers(),
    sum: numbers(),
    least: numbers(),
    greatest: numbers(),
    last: numbers(),
  };
  empty(open);
  if (before) for (const key of Object.keys(open) as (keyof OpenStretch)[]) open[key].set(before[key]);
  return open;
}

function empty({ count, nulls, sum, least, greatest, last }: OpenStretch): void {
  for (const zeros of [count, nulls, sum]) zeros.fill(0);
  least.fill(Infinity);
  greatest.fill(-Infinity);
  last.fill(Number.NaN);
}

function newColumn(): StretchColumn {
  const empty = new Float64Array(0);
  const columns = { count: new Uint32Array(0), sum: empty, least: empty, greatest: empty };
  return { ...columns, last: Number.NaN, min: Infinity, max: -Infinity };
}

/** Stretches `a` and `b` as one, at `to`. */
function join({ count, sum, least, greatest }: StretchColumn, a: number, b: number, to: number): void {
  const [least1, greatest1] = joined(count[a], least[a], greatest[a], count[b], least[b], greatest[b]);
  least[to] = least1;
  greatest[to] = greatest1;
  count[to] = count[a] + count[b];
  sum[to] = sum[a] + sum[b];
}

/** Least and greatest of two stretches, either of which may have no number. */
function joined(n: number, low: number, high: number, m: number, low2: number, high2: number): [number, number] {
  if (n > 0 && m > 0) return [Math.min(low, low2), Math.max(high, high2)];
  if (n > 0) return [low, high];
  if (m > 0) return [low2, high2];
  return [Number.isNaN(low) ? low : low2, -Infinity];
}

/** A stretch that several ones are together: the `from`th to before the `to`th. */
export function together({ count, sum, least, greatest }: StretchColumn, from: number, to: number) {
  let [n, total, low, high] = [0, 0, Infinity, -Infinity];
  for (let i = from; i < to; i++) {
    [low, high] = joined(n, low, high, count[i], least[i], greatest[i]);
    n += count[i];
    total += sum[i];
  }
  return { count: n, sum: total, least: low, greatest: high };
}

function clear({ count, sum, least, greatest }: StretchColumn, from: number): void {
  count.fill(0, from);
  sum.fill(0, from);
  least.fill(Infinity, from);
  greatest.fill(-Infinity, from);
}

/** A name that is met late has no numbers before. */
function grow(column: StretchColumn, length: number): void {
  const before = column.count.length;
  if (length <= before) return;
  const size = Math.max(FIRST_STRETCHES, 2 ** Math.ceil(Math.log2(length)));
  const counts = new Uint32Array(size);
  counts.set(column.count);
  column.count = counts;
  column.sum = longer(column.sum, size);
  column.least = longer(column.least, size);
  column.greatest = longer(column.greatest, size);
  clear(column, before);
}

function longer(numbers: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const all = new Float64Array(length);
  all.set(numbers);
  return all;
}
