import type { Link } from "../graph/chain.ts";

const LAYER = /^(vision|language)_.*\blayers\.(\d+)\./;
const EMBEDDINGS = "embeddings";

/** Which layer of the model reads an input of this name, to a person: `language layer 3`; undefined: none of its own. */
export function layerOf(name: string): string | undefined {
  const [, tower, number] = LAYER.exec(name) ?? [];
  if (tower) return `${tower} layer ${number}`;
  if (name === "labels") return "logits and loss";
  if (name.includes("patch_embedding")) return EMBEDDINGS;
  return name.startsWith("multi_modal_projector.") ? "projector" : undefined;
}

/** What a link of a loss is, in the same words. */
export function linkName({ names }: Pick<Link, "names">): string {
  return [...names.values()].map(layerOf).find((layer) => layer !== undefined) ?? EMBEDDINGS;
}
