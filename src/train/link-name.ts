import type { Link } from "../graph/chain.ts";

const LAYER = /^(vision|language)_.*\blayers\.(\d+)\./;

/** What a link of a loss is, to a person: `language layer 3`. */
export function linkName({ names }: Pick<Link, "names">): string {
  const read = [...names.values()];
  for (const name of read) {
    const [, tower, number] = LAYER.exec(name) ?? [];
    if (tower) return `${tower} layer ${number}`;
  }
  if (read.includes("labels")) return "logits and loss";
  return read.some((name) => name.startsWith("multi_modal_projector.")) ? "projector" : "embeddings";
}
