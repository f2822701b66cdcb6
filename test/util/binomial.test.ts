import { expect, test } from "vitest";
import { drawBinomial, fairCoin, logFactorial } from "../../src/util/binomial.ts";
import { random } from "../../src/util/random.ts";

test("log factorials are those of the products, on both sides of where the series begins", () => {
  for (const n of [0, 1, 5, 20, 170]) {
    const product = Array.from({ length: n }, (_, i) => i + 1).reduce((a, b) => a * b, 1);
    expect(logFactorial(n)).toBeCloseTo(Math.log(product), 10);
  }
  for (const n of [255, 256, 1000]) expect(logFactorial(n) - logFactorial(n - 1)).toBeCloseTo(Math.log(n), 10);
});

test("fair coins fall as Pascal's triangle says", () => {
  expect(fairCoin(2, 12)).toBeCloseTo(66 / 4096, 12);
  const all = Array.from({ length: 2001 }, (_, k) => fairCoin(k, 2000)).reduce((a, b) => a + b);
  expect(all).toBeCloseTo(1, 10);
});

test.each([
  [10, 0.3],
  [40, 0.9],
  [1000, 0.004],
  [300, 0.5],
  [100_000, 0.03],
])("draws of Bin(%i, %d) have its mean, its variance and its range", (n, p) => {
  const stream = random(7, "test");
  const draws = Array.from({ length: 20_000 }, () => drawBinomial(stream, n, p));
  const mean = draws.reduce((a, b) => a + b) / draws.length;
  const variance = draws.reduce((sum, k) => sum + (k - mean) ** 2, 0) / draws.length;
  const spread = Math.sqrt(n * p * (1 - p));
  expect(Math.abs(mean - n * p)).toBeLessThan((4 * spread) / Math.sqrt(draws.length));
  expect(variance / spread ** 2).toBeGreaterThan(0.95);
  expect(variance / spread ** 2).toBeLessThan(1.05);
  expect(draws.every((k) => Number.isInteger(k) && k >= 0 && k <= n)).toBe(true);
});

test("what always or never happens is not left to chance", () => {
  const stream = random(1, "test");
  expect([drawBinomial(stream, 9, 0), drawBinomial(stream, 9, 1), drawBinomial(stream, 0, 0.5)]).toEqual([0, 9, 0]);
});
