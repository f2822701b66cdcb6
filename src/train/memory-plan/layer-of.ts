const LAYER = /^(vision|language)_.*\blayers\.(\d+)\./;

/** Which layer of the model reads an input of this name, in the words of link-name.ts; undefined: none of its own. */
export function layerOf(name: string): string | undefined {
  const [, tower, number] = LAYER.exec(name) ?? [];
  if (tower) return `${tower} layer ${number}`;
  if (name === "labels") return "logits and loss";
  if (name.includes("patch_embedding")) return "embeddings";
  return name.startsWith("multi_modal_projector.") ? "projector" : undefined;
}
