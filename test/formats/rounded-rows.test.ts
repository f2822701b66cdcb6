import { expect, test } from "vitest";
import { roundRows } from "../../src/formats/rounded-rows.ts";
import { tensor } from "../../src/util/tensor.ts";

test("the largest number of each row becomes the limit, the others what they are of it", () => {
  const { rounded, scales } = roundRows(tensor("f32", [2, 3], Float32Array.of(1, -2, 0.5, 300, 0, -100)), 63);
  expect([...rounded.data]).toEqual([32, -63, 16, 63, 0, -21]);
  expect([...scales.data]).toEqual([2 / 63, 300 / 63].map(Math.fround));
});

test("a row of zeros stays one", () => {
  const { rounded, scales } = roundRows(tensor("f32", [1, 2], Float32Array.of(0, -0)), 63);
  expect([[...rounded.data], [...scales.data]]).toEqual([[0, 0], [0]]);
});
