import { expect, test } from "vitest";
import { padLength } from "../../src/util/bucket.ts";

test("short lengths are padded to the next multiple of the unit", () => {
  expect([1, 4, 5, 15, 16].map((length) => padLength(length, 4))).toEqual([4, 4, 8, 16, 16]);
});

test("long ones to steps that double: few sizes, and never more than a third of padding", () => {
  const sizes = new Set<number>();
  for (let length = 17; length <= 1024; length++) {
    const padded = padLength(length, 4);
    expect(padded).toBeGreaterThanOrEqual(length);
    expect(padded - length).toBeLessThan(padded / 3);
    sizes.add(padded);
  }
  expect(sizes.size).toBeLessThan(15);
});
