import { expect, test } from "vitest";
import { droppedBytes, faultOfRate } from "../../src/util/drop-rate.ts";

test("a rate is kept in 256ths", () => {
  expect([0, 0.1, 0.25, 0.5].map(droppedBytes)).toEqual([0, 26, 64, 128]);
  expect([0, 1 / 256, 0.1, 0.5, 255 / 256].map(faultOfRate)).toEqual(Array(5).fill(undefined));
});

test("a rate that would be none or all has a fault, with the nearest that works", () => {
  expect([1e-9, 0.0019].map(faultOfRate)).toEqual(
    Array(2).fill("is kept in 256ths, and rounds to 0: the least above it is 0.00390625"),
  );
  expect([0.9981, 0.999999].map(faultOfRate)).toEqual(
    Array(2).fill("is kept in 256ths, and rounds to 1: the most below it is 0.99609375"),
  );
});
