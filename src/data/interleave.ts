/** Rows in their order, as far as the source has any, and how much of the whole it should be. */
export interface Source {
  readonly weight: number;
  readonly rows: Iterator<number, unknown>;
}

interface Head {
  readonly source: Source;
  taken: number;
  row: number;
  /** (k + ½) / w for row k of the source. */
  key: number;
}

/**
 * Merges sources such that each has about its weight's share of the first n rows, whatever n is: the next row is that of
 * the smallest (k + ½) / w, for k rows taken from a source of weight w (the divisor method of Webster and Sainte-Laguë). It
 * never takes a seat back when there are more to give; a source that has run out leaves its turns to the others.
 * @param chance decides between equal keys; differs from row to row
 */
export function* interleave(sources: readonly Source[], chance: (row: number) => number): Generator<number> {
  const isBefore = (a: Head, b: Head) => a.key < b.key || (a.key === b.key && chance(a.row) < chance(b.row));
  const heap = sources.flatMap((source) => advance({ source, taken: 0, row: 0, key: 0 }) ?? []);
  heap.sort((a, b) => (isBefore(a, b) ? -1 : 1)); // a sorted list is a heap
  while (heap.length > 0) {
    const [head] = heap;
    yield head.row;
    if (!advance(head)) {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    siftDown(heap, isBefore);
  }
}

/** Undefined when the source has run out. */
function advance(head: Head): Head | undefined {
  const { done, value } = head.source.rows.next();
  if (done) return undefined;
  head.key = (head.taken + 0.5) / head.source.weight;
  head.row = value;
  head.taken++;
  return head;
}

/** Moves the first of a binary heap down to its place. */
function siftDown(heap: Head[], isBefore: (a: Head, b: Head) => boolean): void {
  for (let at = 0; ; ) {
    let first = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && isBefore(heap[child], heap[first])) first = child;
    }
    if (first === at) return;
    [heap[at], heap[first]] = [heap[first], heap[at]];
    at = first;
  }
}
