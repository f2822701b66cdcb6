import type { Random } from "../../util/random.ts";

/** Small choices at random, each of one draw. */
export const chance = (random: Random, share: number): boolean => random.uniform() < share;

/** From `low` inclusive to `high` exclusive. */
export const between = (random: Random, low: number, high: number): number => low + (high - low) * random.uniform();

export const pick = <T>(random: Random, list: readonly T[]): T => list[random.int(list.length)];

/** One of a list, each as likely as its weight is large; weights have a sum above 0. */
export function pickWeighted<T>(random: Random, list: readonly T[], weightOf: (item: T) => number): T {
  let rest = random.uniform() * list.reduce((sum, item) => sum + weightOf(item), 0);
  for (const item of list) {
    rest -= weightOf(item);
    if (rest < 0) return item;
  }
  return list[list.length - 1]; // what rounding leaves
}

export function shuffled<T>(random: Random, list: readonly T[]): readonly T[] {
  return [...random.permutation(list.length)].map((i) => list[i]);
}
