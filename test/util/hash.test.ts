import { expect, test } from "vitest";
import { hashFraction } from "../../src/util/hash.ts";

// Python: ((mmh3.hash(b, 0, signed=False) << 21) + (mmh3.hash(b, 0x9e3779b9, signed=False) >> 11)) / 2**53, b the UTF-8 bytes
test.each([
  ["", 1.3350442973347754e-10],
  ["a", 0.23494587522523858],
  ["ab", 0.6083960158956216],
  ["abc", 0.7025997625862076],
  ["abcd", 0.26534124711070994],
  ["https://m.media-amazon.com/images/I/61I9XdN6OFL.jpg", 0.8939349997103502],
  ["é😀", 0.8580080886584828],
])("%j has the number that MurmurHash3 of another library gives", (text, number) => {
  expect(hashFraction(text)).toBe(number);
});

test("a text of any length has one", () => {
  const numbers = [1023, 1024, 1025, 100_000].map((length) => hashFraction("é".repeat(length)));
  expect(new Set(numbers).size).toBe(4);
});

test("texts that differ in one letter spread evenly, and none share a number", () => {
  const numbers = Array.from({ length: 100_000 }, (_, i) => hashFraction(`https://x/${i}.jpg`));
  expect(new Set(numbers).size).toBe(100_000);
  const bins = new Array<number>(100).fill(0);
  for (const number of numbers) bins[Math.floor(100 * number)]++;
  const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquared).toBeLessThan(149); // 99 degrees of freedom: chance is above that 1 time in 1,000
});
