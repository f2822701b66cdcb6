import fc from "fast-check";
import { expect, test } from "vitest";
import { Random, random } from "../../src/util/random.ts";

const draw = (generator: Random, n = 8) => Array.from({ length: n }, () => generator.bits());

test("xoshiro128** gives the numbers of its reference", () => {
  // First numbers of the reference from the state 1, 2, 3, 4; by hand: rotl(2 · 5, 7) · 9 = 11520, then rotl(0 · 5, 7) · 9 = 0.
  expect(draw(new Random([1, 2, 3, 4]), 4)).toEqual([11520, 0, 5927040, 70819200]);
});

test("a seed and a label name a stream: the same again, another for another seed or label", () => {
  const stream = draw(random(7, "order"));
  expect(draw(random(7, "order"))).toEqual(stream);
  expect(draw(random(8, "order"))).not.toEqual(stream);
  expect(draw(random(7, "dropout"))).not.toEqual(stream);
});

test("a saved state goes on where it was read", () => {
  const generator = random(1, "x");
  draw(generator);
  const resumed = new Random(JSON.parse(JSON.stringify(generator.state)));
  expect(draw(resumed)).toEqual(draw(generator));
});

test("a permutation holds every number once", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat({ max: 200 }), (seed, n) => {
      const sorted = [...random(seed, "order").permutation(n)].sort((a, b) => a - b);
      expect(sorted).toEqual(Array.from({ length: n }, (_, i) => i));
    }),
  );
});

test("whole numbers, uniform, normal and bytes have the moments they should", () => {
  const generator = random(3, "moments");
  const n = 20_000;
  const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const bytes = new Uint8Array(n);
  generator.bytes(bytes);
  // Five standard errors of the mean, σ/√n, for each.
  expect(Math.abs(mean(Array.from({ length: n }, () => generator.uniform())) - 0.5)).toBeLessThan(5 * 0.29 * n ** -0.5);
  expect(Math.abs(mean(Array.from({ length: n }, () => generator.int(6))) - 2.5)).toBeLessThan(5 * 1.71 * n ** -0.5);
  expect(Math.abs(mean([...bytes]) - 127.5)).toBeLessThan(5 * 74 * n ** -0.5);
  const normal = Array.from({ length: n }, () => generator.normal());
  expect(Math.abs(mean(normal))).toBeLessThan(5 * n ** -0.5);
  expect(Math.abs(mean(normal.map((x) => x * x)) - 1)).toBeLessThan(5 * 1.42 * n ** -0.5);
});

test("a range no 32-bit number covers is refused", () => {
  for (const n of [0, -1, 1.5, 2 ** 32 + 1]) expect(() => random(0, "x").int(n)).toThrow(RangeError);
});
