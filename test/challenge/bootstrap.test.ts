import { describe, expect, test } from "vitest";
import { estimateF1Difference, estimateScore } from "../../src/challenge/bootstrap.ts";
import type { Outcome } from "../../src/challenge/score.ts";

const repeat = (outcome: Outcome, times: number) => Array.from({ length: times }, () => outcome);

describe("a score's intervals", () => {
  test("of an accuracy are those of the binomial distribution", () => {
    const { accuracy, rows } = estimateScore({ tp: 300, fp: 700, fn: 0, tn: 0 }, { resamples: 20_000 });
    const deviation = Math.sqrt((0.3 * 0.7) / 1000);
    expect(rows).toBe(1000);
    expect(accuracy.value).toBe(0.3);
    expect(accuracy.low).toBeCloseTo(0.3 - 1.96 * deviation, 2);
    expect(accuracy.high).toBeCloseTo(0.3 + 1.96 * deviation, 2);
  });

  test("are those of rows drawn one by one", () => {
    const rows: Outcome[] = [...repeat("tp", 9), ...repeat("fp", 6), ...repeat("fn", 4), ...repeat("tn", 1)];
    let state = 12345;
    const draw = () => {
      state = (1103515245 * state + 12345) % 2147483648;
      return rows[Math.floor((state / 2147483648) * rows.length)];
    };
    const drawn = Array.from({ length: 20_000 }, () => {
      const sample = Array.from(rows, draw);
      const count = (outcome: Outcome) => sample.filter((o) => o === outcome).length;
      return (2 * count("tp")) / (2 * count("tp") + count("fp") + count("fn"));
    }).sort((a, b) => a - b);
    const { f1 } = estimateScore({ tp: 9, fp: 6, fn: 4, tn: 1 }, { resamples: 20_000 });
    expect(f1.value).toBeCloseTo(18 / 28, 12);
    expect(Math.abs(f1.low - drawn[500]!)).toBeLessThan(0.02);
    expect(Math.abs(f1.high - drawn[19_500]!)).toBeLessThan(0.02);
  });

  test("come again with the seed, and lie around the value with any other", () => {
    const counts = { tp: 40, fp: 30, fn: 20, tn: 10 };
    expect(estimateScore(counts, { seed: 3 })).toEqual(estimateScore(counts, { seed: 3 }));
    expect(estimateScore(counts, { seed: 3 })).not.toEqual(estimateScore(counts, { seed: 4 }));
    for (const { value, low, high } of [estimateScore(counts).precision, estimateScore(counts).recall]) {
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
  });

  test("of no rows at all are 0", () => {
    const { f1, rows } = estimateScore({ tp: 0, fp: 0, fn: 0, tn: 0 });
    expect({ f1, rows }).toEqual({ f1: { value: 0, low: 0, high: 0 }, rows: 0 });
  });
});

describe("a difference of F1", () => {
  test("of the same answers is none", () => {
    const rows = [...repeat("tp", 20), ...repeat("fp", 20)];
    expect(estimateF1Difference(rows, rows)).toEqual({ value: 0, low: 0, high: 0, p: 1 });
  });

  test("has the sign of the better one, and an interval without 0 when it is plain", () => {
    const first = [...repeat("tp", 20), ...repeat("fp", 80)];
    const other = [...repeat("tp", 50), ...repeat("fp", 50)];
    const better = estimateF1Difference(first, other);
    expect(better.value).toBeCloseTo(2 / 3 - 1 / 3, 12);
    expect(better.low).toBeGreaterThan(0.2);
    expect(better.p).toBeLessThan(0.005);
    expect(estimateF1Difference(other, first).value).toBeCloseTo(-1 / 3, 12);
  });

  test("is judged row by row: the same two scores on rows that go together are a surer thing", () => {
    const first = [...repeat("tp", 40), ...repeat("fp", 60)];
    const nested = [...repeat("tp", 46), ...repeat("fp", 54)];
    const apart = [...repeat("fp", 40), ...repeat("tp", 46), ...repeat("fp", 14)];
    expect(estimateF1Difference(first, nested).p).toBeLessThan(0.02);
    expect(estimateF1Difference(first, apart).p).toBeGreaterThan(0.3);
  });

  test("takes no longer for 100,000 rows than to count them", () => {
    const outcomes: Outcome[] = ["tp", "fp", "fn", "tn"];
    const first = Array.from({ length: 100_000 }, (_, i) => outcomes[i % 4]!);
    const other = Array.from({ length: 100_000 }, (_, i) => outcomes[(i >> 2) % 3]!);
    const began = performance.now();
    const { low, high } = estimateF1Difference(first, other);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(high - low).toBeLessThan(0.02);
  });
});
