import type { Point } from "../api.ts";

/**
 * Exponential mean of all values up to each: m ← w·m + (1 − w)·y, divided by 1 − wⁿ so that the beginning is not drawn
 * towards 0 (Adam's bias correction; TensorBoard smooths alike). Where there is no number there is none here either, and
 * the mean goes on behind it.
 */
export function smooth(values: readonly Point[], weight: number): readonly Point[] {
  let mean = 0;
  let seen = 1;
  return values.map((value) => {
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    seen *= weight;
    return mean / (1 - seen);
  });
}
