import fc from "fast-check";
import { expect, test } from "vitest";
import { groupByLength, padPrompt } from "../../src/data/questions-by-length.ts";
import type { TokenizedSample } from "../../src/data/tokenize.ts";

const question = (image: number, length: number, index: number) =>
  ({ index, imagePath: `${image}.jpg`, prefix: Array.from({ length }, (_, i) => i + 1) }) as unknown as TokenizedSample;

const questions = fc
  .array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 40 })
  .map((rows) => rows.map(([image, length], index) => question(image, length, index)));

test("every row is in one group, and a group is no larger than a batch", () => {
  fc.assert(
    fc.property(questions, fc.integer({ min: 1, max: 8 }), (samples, batch) => {
      const groups = groupByLength(samples, batch);
      expect(groups.flat().toSorted((a, b) => a.index - b.index)).toEqual(samples);
      for (const group of groups) expect(group.length).toBeLessThanOrEqual(batch);
    }),
  );
});

test("rows of a group are padded to one length", () => {
  fc.assert(
    fc.property(questions, (samples) => {
      for (const group of groupByLength(samples, 4))
        expect(new Set(group.map((sample) => padPrompt(sample, 0).tokens.length)).size).toBe(1);
    }),
  );
});

test("questions about one photograph that are of one length stand side by side", () => {
  const samples = [question(0, 5, 0), question(1, 5, 1), question(0, 6, 2), question(1, 7, 3), question(0, 20, 4)];
  expect(groupByLength(samples, 2).map((group) => group.map(({ index }) => index))).toEqual([[0, 2], [1, 3], [4]]);
});

test("prompts are padded on the right", () => {
  const { tokens, length } = padPrompt(question(0, 3, 0), 9);
  expect([...tokens]).toEqual([1, 2, 3, 9, 9, 9, 9, 9]);
  expect(length).toBe(3);
});
