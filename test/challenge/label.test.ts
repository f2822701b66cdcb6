import fc from "fast-check";
import { expect, test } from "vitest";
import { readLabel } from "../../src/challenge/label.ts";

test.each([
  ["500.0 gram", "official", ["500.0"], "gram"],
  [" 0.709  fluid ounce ", "official", ["0.709"], "fluid ounce"],
  ["3.0 horsepower", "official", ["3.0"], "horsepower"],
  ["[100.0, 240.0] volt", "range", ["100.0", "240.0"], "volt"],
  ["[100.0, 240.0] horsepower", "range", ["100.0", "240.0"], "horsepower"],
  ["10 kilogram to 15 kilogram", "range", ["10", "15"], "kilogram"],
  ["10 kilogram to 15kilogram", "range", ["10", "15"], "kilogram"],
  ["2.2e+20 gram", "scientific", ["2.2e+20"], "gram"],
  ["5.016481104150004 e+17 pound", "scientific", ["5.016481104150004e+17"], "pound"],
  ["10 gram to 15 kilogram", "other", [], ""],
  ["about 5 gram", "other", [], ""],
  ["5gram", "other", [], ""],
  ["", "empty", [], ""],
  ["  ", "empty", [], ""],
])("%j is %s", (cell, form, numbers, unit) => {
  expect(readLabel(cell)).toEqual({ text: cell.trim(), form, numbers, unit });
});

test("any text is read, in time that does not grow with its square", () => {
  fc.assert(fc.property(fc.string(), (text) => void readLabel(text)));
  const hostile = ["1", " ".repeat(60_000), "!"].join("");
  expect(readLabel(hostile).form).toBe("other");
  expect(readLabel(`1${" a".repeat(30_000)} to!`).form).toBe("other");
});
