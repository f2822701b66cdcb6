import { expect, test } from "vitest";
import { answerDistance } from "../../src/challenge/answer-distance.ts";

test.each([
  ["100 gram", "1000 gram", 1],
  ["1 kilogram", "1000 gram", 0],
  ["1000 milligram", "1 kilogram", 3],
  ["1 volt", "1 gram", Infinity],
  ["some", "1 gram", Infinity],
  ["0 gram", "1 gram", Infinity],
  ["", "1 gram", -1],
])("%j for %j is %d powers of ten off", (answer, truth, distance) => {
  expect(answerDistance(answer, truth)).toBeCloseTo(distance, 9);
});
