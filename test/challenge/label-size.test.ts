import { expect, test } from "vitest";
import { readLabel } from "../../src/challenge/label.ts";
import { labelMeaning, labelSize } from "../../src/challenge/label-size.ts";

test("sizes are in the base unit of the quantity", () => {
  expect(labelSize(readLabel("2.5 kilogram"))).toBe(2500);
  expect(labelSize(readLabel("12 inch"))).toBeCloseTo(0.3048, 12);
  expect(labelSize(readLabel("3 horsepower"))).toBeNaN();
  expect(labelSize(readLabel("[1, 2] volt"))).toBeNaN();
});

test("labels with the same meaning say the same, whatever their unit; other quantities never do", () => {
  for (const text of ["1000 gram", "1000.0 gram", " 1 kilogram "])
    expect(labelMeaning(text)).toBe(labelMeaning("1.0 kilogram"));
  expect(labelMeaning("1 volt")).not.toBe(labelMeaning("1 watt"));
  expect(labelMeaning("1 gram")).not.toBe(labelMeaning("1.001 gram"));
  expect(labelMeaning("two grams")).toBe("two grams");
});
