/**
 * One weight has had four names over the releases of transformers. Inside this project it has the one of the files on
 * the Hugging Face hub, which is also how every release in use reads a checkpoint:
 *
 *     language_model.model.layers.0.self_attn.q_proj.weight
 *     vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.weight
 *     multi_modal_projector.linear.weight
 */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^(?:model\.)?language_model\.(?:model\.)?(?=(?:embed_tokens|layers|norm)\.)/, "language_model.model."],
  [
    /^(?:model\.)?vision_tower\.(?:vision_model\.)?(?=(?:embeddings|encoder|post_layernorm)\.)/,
    "vision_tower.vision_model.",
  ],
  [/^(?:model\.)?multi_modal_projector\.(?=linear(?:\.|$))/, "multi_modal_projector."],
];

/** The output matrix is the embedding (tied), positions and rotations are computed: such entries say nothing new. */
const REDUNDANT = /(?:^|\.)(?:lm_head\.weight|position_ids|rotary_emb\.inv_freq)$/;

/** The project's name of a weight or module; undefined when no release of PaliGemma has had that name. */
export function canonicalName(name: string): string | undefined {
  const family = FAMILIES.find(([pattern]) => pattern.test(name));
  return family && name.replace(family[0], family[1]);
}

/** Whether a checkpoint may hold this tensor without anyone reading it. */
export function isRedundantWeight(name: string): boolean {
  return REDUNDANT.test(name);
}

/** Names of modules as PEFT sees them, by the release of transformers that holds the model in memory. */
export const ADAPTER_DIALECTS = ["transformers>=5.6", "transformers>=4.52", "transformers<4.52"] as const;
export type AdapterDialect = (typeof ADAPTER_DIALECTS)[number];

/** Canonical module path → the module's path in memory, to which PEFT's `target_modules` refer. */
export function modulePathIn(dialect: AdapterDialect, path: string): string {
  if (dialect === "transformers<4.52") return path;
  const moved = `model.${path.replace(/^language_model\.model\./, "language_model.")}`;
  return dialect === "transformers>=4.52" ? moved : moved.replace("vision_tower.vision_model.", "vision_tower.");
}

/** Canonical module path → key of one of its two matrices in `adapter_model.safetensors`. */
export function adapterKey(dialect: AdapterDialect, path: string, matrix: "A" | "B"): string {
  return `base_model.model.${modulePathIn(dialect, path)}.lora_${matrix}.weight`;
}

/** The reverse, for any dialect; undefined when the key is none of PaliGemma's. */
export function parseAdapterKey(key: string): { readonly path: string; readonly matrix: "A" | "B" } | undefined {
  const parts = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(key);
  const path = parts && canonicalName(parts[1]);
  return path ? { path, matrix: parts[2] as "A" | "B" } : undefined;
}
