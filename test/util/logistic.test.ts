import { expect, test } from "vitest";
import { fitLogistic, sigmoid } from "../../src/util/logistic.ts";

const logit = (p: number) => Math.log(p / (1 - p));

test("of two places the curve goes through the mean target of each", () => {
  const { slope, offset } = fitLogistic(Float64Array.of(-1, -1, 1, 1, 1), Float64Array.of(0, 0.4, 1, 0.9, 0.5));
  expect(sigmoid(offset - slope)).toBeCloseTo(0.2, 7);
  expect(sigmoid(offset + slope)).toBeCloseTo(0.8, 7);
  expect(offset).toBeCloseTo(0, 6);
  expect(slope).toBeCloseTo(logit(0.8), 6);
});

test("a first step that goes too far is shortened", () => {
  const xs = Float64Array.of(...Array(50).fill(-0.1), 30); // one far out, against the rest
  const { slope, offset } = fitLogistic(xs, Float64Array.of(...Array(50).fill(0.001), 0.999));
  expect(sigmoid(offset - 0.1 * slope)).toBeCloseTo(0.001, 7);
  expect(sigmoid(offset + 30 * slope)).toBeCloseTo(0.999, 7);
});

test("of one place throughout the curve is level there", () => {
  const { slope, offset } = fitLogistic(Float64Array.of(0, 0, 0), Float64Array.of(1, 0.5, 0));
  expect([slope, offset]).toEqual([expect.closeTo(0, 9), expect.closeTo(0, 9)]);
});
