import { expect, test } from "vitest";
import { mcnemar } from "../../src/challenge/mcnemar.ts";

test("10 against 2 is what counting by hand gives: 1 + 12 + 66 of 4,096, twice, less one 66 for mid-p", () => {
  expect(mcnemar(10, 2).exact).toBeCloseTo((2 * 79) / 4096, 12);
  expect(mcnemar(10, 2).mid_p).toBeCloseTo(92 / 4096, 12);
  expect(mcnemar(2, 10)).toEqual(mcnemar(10, 2));
});

test("nothing on either side, or as much on both, is no difference", () => {
  expect(mcnemar(0, 0)).toEqual({ exact: 1, mid_p: 1 });
  expect(mcnemar(5, 5).exact).toBe(1);
  expect(mcnemar(5, 5).mid_p).toBeCloseTo(1, 12);
});

test("five rows on one side are not enough at 5 %, six are", () => {
  expect(mcnemar(5, 0).exact).toBeCloseTo(0.0625, 12);
  expect(mcnemar(6, 0).exact).toBeCloseTo(0.03125, 12);
});

test("many rows: as the normal distribution has it", () => {
  expect(mcnemar(50_000 + 310, 50_000 - 310).mid_p).toBeCloseTo(0.0499, 3); // 620 / √100,000 = 1.961 deviations
});
