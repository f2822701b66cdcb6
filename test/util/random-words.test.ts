import fc from "fast-check";
import { expect, test } from "vitest";
import { Random, type RandomState, random } from "../../src/util/random.ts";
import { fillWords, jumpOver } from "../../src/util/random-words.ts";

const words = (generator: Random, n: number) => Uint32Array.from({ length: n }, () => generator.bits());

test("a stream gives the same words at once as one by one, and goes on behind them", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat({ max: 50 }), (seed, n) => {
      const target = new Uint32Array(n);
      const behind = fillWords(target, random(seed, "x").state);
      const generator = random(seed, "x");
      expect(target).toEqual(words(generator, n));
      expect(words(new Random(behind), 5)).toEqual(words(generator, 5));
    }),
  );
});

test.each([0, 1, 5, 12])("a jump over 2^%i words leads where drawing them leads", (doublings) => {
  const { state } = random(4, "jump");
  const behind = new Random(fillWords(new Uint32Array(2 ** doublings), state));
  expect(words(new Random(jumpOver(doublings)(state)), 5)).toEqual(words(behind, 5));
});

test("two jumps of 2^22 words are one of 2^23", () => {
  const { state } = random(5, "jump");
  const [once, twice] = [jumpOver(22), jumpOver(23)];
  expect(once(once(state))).toEqual(twice(state) satisfies RandomState);
});
