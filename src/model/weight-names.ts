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

const OUTPUT_MATRIX = /(?:^|\.)lm_head\.weight$/;
/** Positions and rotations are computed: such entries say nothing new. */
const COMPUTED = /(?:^|\.)(?:position_ids|rotary_emb\.inv_freq)$/;

/** The project's name of a weight or module; undefined when no release of PaliGemma has had that name. */
export function canonicalName(name: string): string | undefined {
  const family = FAMILIES.find(([pattern]) => pattern.test(name));
  return family && name.replace(family[0], family[1]);
}

/** Whether a tensor is the matrix of the output layer, which is the table of embeddings once more. */
export function isOutputMatrix(name: string): boolean {
  return OUTPUT_MATRIX.test(name);
}

/** Whether a checkpoint may hold this tensor without it being one of the model's weights. */
export function isRedundantWeight(name: string): boolean {
  return isOutputMatrix(name) || COMPUTED.test(name);
}

/** What a name begins with. */
interface Prefixes {
  readonly language: string;
  readonly vision: string;
  readonly rest: string;
}

/** The spellings of names: of files on the hub, and of what a release of transformers saves or has in memory. */
export const SPELLINGS = {
  hub: { language: "language_model.model.", vision: "vision_tower.vision_model.", rest: "" },
  "transformers>=4.52": {
    language: "model.language_model.",
    vision: "model.vision_tower.vision_model.",
    rest: "model.",
  },
  "transformers>=5.6": { language: "language_model.model.", vision: "vision_tower.", rest: "" },
  "transformers>=5.6 in memory": { language: "model.language_model.", vision: "model.vision_tower.", rest: "model." },
} as const satisfies Readonly<Record<string, Prefixes>>;
export type Spelling = keyof typeof SPELLINGS;

/** The name of a weight or module in a spelling, from the project's own. */
export function nameIn(spelling: Spelling, name: string): string {
  const { language, vision, rest } = SPELLINGS[spelling];
  const { hub } = SPELLINGS;
  if (name.startsWith(hub.language)) return language + name.slice(hub.language.length);
  if (name.startsWith(hub.vision)) return vision + name.slice(hub.vision.length);
  return rest + name;
}

/** Names of modules as PEFT sees them, by the release of transformers that holds the model in memory. */
export const ADAPTER_DIALECTS = ["transformers>=5.6", "transformers>=4.52", "transformers<4.52"] as const;
export type AdapterDialect = (typeof ADAPTER_DIALECTS)[number];

const IN_MEMORY: Readonly<Record<AdapterDialect, Spelling>> = {
  "transformers>=5.6": "transformers>=5.6 in memory",
  "transformers>=4.52": "transformers>=4.52",
  "transformers<4.52": "hub",
};

/** Canonical module path → the module's path in memory, to which PEFT's `target_modules` refer. */
export function modulePathIn(dialect: AdapterDialect, path: string): string {
  return nameIn(IN_MEMORY[dialect], path);
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
