import fc from "fast-check";
import { expect, test } from "vitest";
import { interleave } from "../../src/data/interleave.ts";

/** Rows of source s: 1000 s, 1000 s + 1, ... */
function merge(sizes: readonly number[], weights: readonly number[]): number[] {
  const sources = sizes.map((size, s) => ({
    weight: weights[s],
    rows: Array.from({ length: size }, (_, k) => 1000 * s + k).values(),
  }));
  return [...interleave(sources, (row) => row)];
}

const sourceOf = (row: number) => Math.floor(row / 1000);

test("equal weights take turns; who has run out leaves its turns to the others", () => {
  expect(merge([3, 1, 2], [1, 1, 1])).toEqual([0, 1000, 2000, 1, 2001, 2]);
});

test("a source of three times the weight has three of each four rows", () => {
  const rows = merge([9, 9], [3, 1]).slice(0, 8).map(sourceOf);
  expect(rows.filter((source) => source === 0)).toHaveLength(6);
});

test("every row comes once, those of a source in their order, and at each point shares are within a row of the weights", () => {
  const source = fc.record({ size: fc.integer({ min: 0, max: 60 }), weight: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(fc.array(source, { minLength: 1, maxLength: 6 }), (sources) => {
      const weights = sources.map(({ weight }) => weight);
      const rows = merge(
        sources.map(({ size }) => size),
        weights,
      );
      expect(rows.toSorted((a, b) => a - b)).toEqual(
        sources.flatMap(({ size }, s) => Array.from({ length: size }, (_, k) => 1000 * s + k)),
      );
      const taken = sources.map(() => 0);
      for (const row of rows) {
        const s = sourceOf(row);
        expect(row).toBe(1000 * s + taken[s]++);
        // Webster's rule: no source that has rows left may be due before the one that was taken
        const key = (taken[s] - 0.5) / weights[s];
        for (const [other, { size }] of sources.entries()) {
          if (taken[other] < size) expect((taken[other] + 0.5) / weights[other]).toBeGreaterThanOrEqual(key);
        }
      }
    }),
  );
});
