import fc from "fast-check";
import { expect, test } from "vitest";
import { pauseAfter } from "../../../src/data/download/retry.ts";
import { random } from "../../../src/util/random.ts";

test("pauses double up to the longest, and up to a half is left to chance", () => {
  const generator = random(7, "test");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), (attempt) => {
      const pause = pauseAfter(attempt, undefined, { backoff_s: 0.5, max_pause_s: 60 }, generator);
      const whole = Math.min(60, 0.5 * 2 ** (attempt - 1));
      expect(pause).toBeGreaterThan(whole / 2 - 1e-9);
      expect(pause).toBeLessThanOrEqual(whole);
    }),
  );
});

test("a server's wish is kept as far as the longest pause goes", () => {
  const settings = { backoff_s: 0.5, max_pause_s: 60 };
  expect(pauseAfter(3, 7, settings, random(0, "test"))).toBe(7);
  expect(pauseAfter(1, 0, settings, random(0, "test"))).toBe(0);
  expect(pauseAfter(1, 86_400, settings, random(0, "test"))).toBe(60);
});
