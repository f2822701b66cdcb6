/** Whole numbers in their order, each run of neighbours as its first and last: [[0, 4], [9, 9]] is 0 1 2 3 4 9. */
export type IndexRuns = readonly (readonly [number, number])[];

export function toRuns(numbers: Iterable<number>): IndexRuns {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

export function* fromRuns(runs: IndexRuns): Generator<number> {
  for (const [first, last] of runs) for (let number = first; number <= last; number++) yield number;
}

export function countRuns(runs: IndexRuns): number {
  return runs.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
