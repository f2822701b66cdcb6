import { canonicalName, isRedundantWeight, nameIn, SPELLINGS, type Spelling } from "./weight-names.ts";

/**
 * How the weights of a base are called, by who wrote the file. `hub` is what every release reads; the others are those that
 * a release of transformers has in memory or saves (the last one has no `vision_model`, which older releases want).
 */
export const BASE_DIALECTS = ["hub", "transformers>=4.52", "transformers>=5.6"] as const satisfies readonly Spelling[];
export type BaseDialect = (typeof BASE_DIALECTS)[number];

const NAMES = Object.keys(SPELLINGS) as Spelling[];

/**
 * The dialect that all of a base's tensors are in: `mixed` when they are in no single one; undefined when none of them is
 * PaliGemma's. A part of a base, such as one shard, may fit several: then it is the first.
 */
export function dialectOfNames(names: readonly string[]): Spelling | "mixed" | undefined {
  const weights = names.filter((name) => !isRedundantWeight(name) && canonicalName(name) !== undefined);
  if (weights.length === 0) return undefined;
  return NAMES.find((dialect) => weights.every((name) => nameIn(dialect, canonicalName(name)!) === name)) ?? "mixed";
}
