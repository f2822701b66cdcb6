import { expect, test } from "vitest";
import { hashFraction } from "../../src/util/hash.ts";

test("the same text has the same number on every machine, from 0 to 1", () => {
  expect(hashFraction("")).toMatchInlineSnapshot(`0.789967706556194`);
  expect(hashFraction("https://m.media-amazon.com/images/I/61I9XdN6OFL.jpg")).toMatchInlineSnapshot(
    `0.11087290422379148`,
  );
});

test("texts that differ in one letter spread evenly, and none share a number", () => {
  const numbers = Array.from({ length: 100_000 }, (_, i) => hashFraction(`https://x/${i}.jpg`));
  expect(new Set(numbers).size).toBe(100_000);
  const bins = new Array<number>(100).fill(0);
  for (const number of numbers) bins[Math.floor(100 * number)]++;
  const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquared).toBeLessThan(149); // 99 degrees of freedom: chance is above that 1 time in 1,000
});
