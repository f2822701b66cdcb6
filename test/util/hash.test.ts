import { expect, test } from "vitest";
import { textHash } from "../../src/util/hash.ts";

// Python: h = lambda b, seed: mmh3.hash(b, seed, signed=False); with l and b the UTF-8 bytes of label and text
// ((h(b, h(l, 0)) << 21) + (h(b, h(l, 0x9e3779b9)) >> 11)) / 2**53
test.each([
  ["", "", 1.5483558879481052e-10],
  ["", "a", 0.23494587520866272],
  ["split 0", "ab", 0.6339217539999532],
  ["split 0", "abc", 0.42686470997232073],
  ["split 1", "abcd", 0.41940411751498374],
  ["sample 0 width", "https://m.media-amazon.com/images/I/61I9XdN6OFL.jpg", 0.16271387584522667],
  ["é", "é😀", 0.6015875420939927],
])("by the label %j, %j has the number that MurmurHash3 of another library gives", (label, text, number) => {
  expect(textHash(label)(text)).toBe(number);
});

test("a text of any length has one", () => {
  const numbers = [1023, 1024, 1025, 100_000].map((length) => textHash("")("é".repeat(length)));
  expect(new Set(numbers).size).toBe(4);
});

test("texts that differ in one letter spread evenly, and none share a number", () => {
  const numbers = Array.from({ length: 100_000 }, (_, i) => textHash("")(`https://x/${i}.jpg`));
  expect(new Set(numbers).size).toBe(100_000);
  const bins = new Array<number>(100).fill(0);
  for (const number of numbers) bins[Math.floor(100 * number)]++;
  const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquared).toBeLessThan(149); // 99 degrees of freedom: chance is above that 1 time in 1,000
});
