import { describe, expect, test } from "vitest";
import { compareRuns } from "../../src/report/comparison.ts";
import { duration, manyTests, verdict } from "../../src/report/words.ts";
import { record, row } from "./records.ts";

/** How two runs are told apart that are right in the rows from `from` to before `to`. */
function verdictOf(first: readonly [number, number], other: readonly [number, number], rows = 60): string {
  const answers = ([from, to]: readonly [number, number]) =>
    Array.from({ length: rows }, (_, i) => row(i, i >= from && i < to ? "1 gram" : "2 gram", "1 gram"));
  return verdict(compareRuns([record("a", answers(first)), record("b", answers(other))], "val").tests[0]!);
}

describe("a verdict", () => {
  test.each([
    [
      "a plain gain",
      [0, 10],
      [0, 40],
      "b scores higher than a, and both tests say that chance alone would hardly do this.",
    ],
    ["a plain loss", [0, 40], [0, 10], "b scores lower than a, and both"],
    ["the same rows", [0, 10], [0, 10], "b and a are right on exactly the same rows."],
    ["few rows that differ", [0, 10], [0, 13], "b against a: no difference can be shown, for only 3 rows"],
    ["many rows on either side", [0, 20], [20, 42], "b against a: no difference is shown; chance alone"],
  ] as const)("on %s", (_, first, other, text) => {
    expect(verdictOf(first, other)).toContain(text);
  });
});

test("many tests are warned of, one is not", () => {
  expect(manyTests(1)).toBeUndefined();
  expect(manyTests(5)).toMatch(/^5 tests: .* look for p below 0\.01 /);
});

test.each([
  [null, "–"],
  [9.84, "9.8 s"],
  [600, "10 min"],
  [12_300, "3 h 25 min"],
])("%s seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));
