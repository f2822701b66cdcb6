import { expect, test } from "vitest";
import { eachTile } from "../../src/util/tiles.ts";

test.each([
  [1, 1],
  [64, 128],
  [130, 67],
])("tiles of a matrix of %i × %i meet each place once, at most 64 by 64 of them at a time", (rows, columns) => {
  const met = new Uint8Array(rows * columns);
  eachTile(rows, columns, (top, bottom, left, right) => {
    expect(Math.max(bottom - top, right - left)).toBeLessThanOrEqual(64);
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) met[row * columns + column]!++;
  });
  expect(new Set(met)).toEqual(new Set([1]));
});
