import { expect, test } from "vitest";
import { roundRows, roundRowsTwice } from "../../src/formats/rounded-rows.ts";
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

test("what is left of each number is rounded once more: both give it back within half a part of a step", () => {
  const numbers = Float32Array.from({ length: 600 }, (_, i) => Math.sin(i) * (i < 300 ? 1 : 1000));
  const { rounded, scales, rest } = roundRowsTwice(tensor("f32", [2, 300], numbers), 63, 126);
  expect(rounded.data).toEqual(roundRows(tensor("f32", [2, 300], numbers), 63).rounded.data);
  expect(Math.max(...rest.data.map(Math.abs))).toBeLessThanOrEqual(63);
  numbers.forEach((number, i) => {
    const scale = scales.data[Math.floor(i / 300)]!;
    const back = scale * (rounded.data[i]! + rest.data[i]! / 126);
    expect(Math.abs(back - number)).toBeLessThanOrEqual((0.5001 / 126) * scale);
  });
});

test("of a row of zeros nothing is left", () => {
  expect([...roundRowsTwice(tensor("f32", [1, 2], Float32Array.of(0, -0)), 63, 126).rest.data]).toEqual([0, 0]);
});
