import { expect, test } from "vitest";
import { inLines } from "../../src/report/chart-style.ts";

test("a label that is too long for its room goes into two lines, at the space or hyphen nearest to the middle", () => {
  expect(inLines("item weight", 360)).toBe("item weight");
  expect(inLines("maximum weight recommendation", 360)).toBe("maximum weight\nrecommendation");
  expect(inLines("nano-13500-same-steps-seed0", 800)).toBe("nano-13500-\nsame-steps-seed0");
});

test("a word without such a place is cut where the room ends, and nothing of it is lost", () => {
  expect(inLines("x".repeat(30), 800)).toBe(`${"x".repeat(22)}\n${"x".repeat(8)}`);
});
