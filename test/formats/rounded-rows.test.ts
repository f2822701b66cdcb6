import { describe, expect, test } from "vitest";
import { roundRows, roundTurned } from "../../src/formats/rounded-rows.ts";
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

describe("rows that are rounded and turned round", () => {
  const numbers = Float32Array.from({ length: 210 }, (_, i) => Math.sin(i) * (i < 70 ? 1 : 1000));
  const matrix = tensor("f32", [3, 70], numbers);
  const { rounded, scales, rest } = roundTurned(matrix, 63, 126);

  test("are the rounded rows, as columns", () => {
    const plain = roundRows(matrix, 63);
    expect([rounded.shape, scales]).toEqual([[70, 3], plain.scales]);
    const asColumns = plain.rounded.data.map((_, i) => plain.rounded.data[(i % 3) * 70 + Math.floor(i / 3)]!);
    expect(rounded.data).toEqual(asColumns);
    expect(roundTurned(matrix, 63)).toEqual({ rounded, scales });
  });

  test("with what is left of each number give it back within half a part of a step", () => {
    expect(Math.max(...rest!.data.map(Math.abs))).toBeLessThanOrEqual(63);
    numbers.forEach((number, i) => {
      const [row, column] = [Math.floor(i / 70), i % 70];
      const [at, scale] = [column * 3 + row, scales.data[row]!];
      const back = scale * (rounded.data[at]! + rest!.data[at]! / 126);
      expect(Math.abs(back - number)).toBeLessThanOrEqual((0.5001 / 126) * scale);
    });
  });

  test("of zeros are zeros", () => {
    const zeros = roundTurned(tensor("f32", [1, 2], Float32Array.of(0, -0)), 63, 126);
    expect([zeros.rounded, zeros.scales, zeros.rest!].map(({ data }) => [...data])).toEqual([[0, 0], [0], [0, 0]]);
  });
});
