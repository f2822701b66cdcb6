import { canonicalName, isRedundantWeight } from "./weight-names.ts";

/**
 * How the weights of a base are called, by who wrote the file. `hub` is what every release reads; the others are those that
 * a release of transformers has in memory or saves (the last one has no `vision_model`, which older releases want).
 */
export const BASE_DIALECTS = ["hub", "transformers>=4.52", "transformers>=5.6"] as const;
export type BaseDialect = (typeof BASE_DIALECTS)[number];

interface Prefixes {
  readonly language: string;
  readonly vision: string;
  readonly rest: string;
}

const PREFIXES: Readonly<Record<BaseDialect | "transformers>=5.6 in memory", Prefixes>> = {
  hub: { language: "language_model.model.", vision: "vision_tower.vision_model.", rest: "" },
  "transformers>=4.52": {
    language: "model.language_model.",
    vision: "model.vision_tower.vision_model.",
    rest: "model.",
  },
  "transformers>=5.6": { language: "language_model.model.", vision: "vision_tower.", rest: "" },
  "transformers>=5.6 in memory": { language: "model.language_model.", vision: "model.vision_tower.", rest: "model." },
};
const NAMES = Object.keys(PREFIXES) as (keyof typeof PREFIXES)[];

/** The name of a weight in a dialect, from the one that it has on the hub. */
export function weightNameIn(dialect: keyof typeof PREFIXES, name: string): string {
  const { language, vision, rest } = PREFIXES[dialect];
  if (name.startsWith(PREFIXES.hub.language)) return language + name.slice(PREFIXES.hub.language.length);
  if (name.startsWith(PREFIXES.hub.vision)) return vision + name.slice(PREFIXES.hub.vision.length);
  return rest + name;
}

/**
 * The dialect that all of a base's tensors are in: `mixed` when they are in no single one; undefined when none of them is
 * PaliGemma's. A part of a base, such as one shard, may fit several: then it is the first.
 */
export function dialectOfNames(names: readonly string[]): keyof typeof PREFIXES | "mixed" | undefined {
  const weights = names.filter((name) => !isRedundantWeight(name) && canonicalName(name) !== undefined);
  if (weights.length === 0) return undefined;
  return (
    NAMES.find((dialect) => weights.every((name) => weightNameIn(dialect, canonicalName(name)!) === name)) ?? "mixed"
  );
}
