import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";
import type { GemmaConfig, PaliGemmaConfig, SiglipConfig } from "./config.ts";
import { BLOCK_BITS, BLOCK_SIZES, BLOCKS_METHOD } from "./weight-blocks.ts";

/** A setting that the model knows in one value only. */
export const only = <T extends string | number | boolean | null>(wanted: T) =>
  z.literal(wanted, {
    error: ({ input }) => `is ${JSON.stringify(input)}, only ${JSON.stringify(wanted)} is supported`,
  });

/** A setting that is one of some numbers. */
const oneOf = <const T extends number>(wanted: readonly T[]) =>
  z.literal([...wanted] as T[], {
    error: ({ input }) => `is ${JSON.stringify(input)}, wanted is ${wanted.join(" or ")}`,
  });

const size = z.int().positive();
const positive = z.number().positive();
const tokenId = z.int().nonnegative();
/** Files say "nothing" by null as often as by leaving the key out. */
const maybe = <S extends z.ZodType>(schema: S) => schema.nullish();

const tokenIds = {
  pad_token_id: maybe(tokenId),
  bos_token_id: maybe(tokenId),
  eos_token_id: maybe(z.union([tokenId, z.array(tokenId).nonempty()])),
};

/** Defaults are those of transformers' GemmaConfig: files on the hub leave out what equals them. */
const textSchema = z.looseObject({
  ...tokenIds,
  model_type: only("gemma").default("gemma"),
  hidden_size: size.default(3072),
  intermediate_size: size.default(24576),
  num_hidden_layers: size.default(28),
  num_attention_heads: size.default(16),
  num_key_value_heads: size.default(16),
  head_dim: maybe(size.multipleOf(2)),
  vocab_size: size.default(256000),
  rms_norm_eps: positive.default(1e-6),
  max_position_embeddings: size.default(8192),
  rope_theta: maybe(positive),
  rope_parameters: maybe(z.looseObject({ rope_theta: positive.optional(), rope_type: only("default").optional() })),
  rope_scaling: maybe(only(null)),
  // "gelu" is what the first releases wrote and never meant: transformers reads it as the tanh form too.
  hidden_act: maybe(z.enum(["gelu", "gelu_pytorch_tanh"])),
  hidden_activation: maybe(only("gelu_pytorch_tanh")),
  attention_bias: maybe(only(false)),
  final_logit_softcapping: maybe(only(null)),
  tie_word_embeddings: maybe(only(true)),
  use_bidirectional_attention: maybe(only(true)),
});

/** Defaults are those of transformers' SiglipVisionConfig. */
const visionSchema = z.looseObject({
  model_type: only("siglip_vision_model").default("siglip_vision_model"),
  hidden_size: size.default(768),
  intermediate_size: size.default(3072),
  num_hidden_layers: size.default(12),
  num_attention_heads: size.default(12),
  num_channels: maybe(only(3)),
  image_size: size.default(224),
  patch_size: size.default(16),
  layer_norm_eps: positive.default(1e-6),
  hidden_act: maybe(only("gelu_pytorch_tanh")),
  projection_dim: maybe(size),
});

/** Of weights in blocks (weight-blocks.ts); those of other tools have other methods. */
const quantizationSchema = z.looseObject({
  quant_method: only(BLOCKS_METHOD),
  bits: oneOf(BLOCK_BITS),
  block: oneOf(BLOCK_SIZES),
});

const modelSchema = z.looseObject({
  ...tokenIds,
  model_type: only("paligemma"),
  image_token_index: maybe(tokenId),
  image_token_id: maybe(tokenId),
  projection_dim: maybe(size),
  tie_word_embeddings: maybe(only(true)),
  text_config: textSchema,
  vision_config: visionSchema,
  quantization_config: maybe(quantizationSchema),
});
type ModelJson = z.output<typeof modelSchema>;

/**
 * `config.json` of a Hugging Face folder, in the spelling of any release of transformers.
 * @throws InputError naming the file, the key, what it is and what it must be.
 */
export async function readModelConfig(folder: string): Promise<PaliGemmaConfig> {
  const path = join(folder, "config.json");
  const json = await readJson(path, modelSchema, "a base is a Hugging Face folder of a PaliGemma checkpoint");
  const imageTokenId = json.image_token_index ?? json.image_token_id;
  if (imageTokenId == null) throw new InputError(`${path}: image_token_index: is missing`);
  const { quantization_config: quantization } = json;
  const config = {
    ...{ vision: visionConfig(json), text: textConfig(json), imageTokenId },
    ...specialTokens(json),
    ...(quantization && { blocks: { bits: quantization.bits, block: quantization.block } }),
  };
  checkSizes(path, config, json);
  return config;
}

function visionConfig({ vision_config: v }: ModelJson): SiglipConfig {
  return {
    hiddenSize: v.hidden_size,
    intermediateSize: v.intermediate_size,
    numLayers: v.num_hidden_layers,
    numHeads: v.num_attention_heads,
    imageSize: v.image_size,
    patchSize: v.patch_size,
    layerNormEps: v.layer_norm_eps,
  };
}

function textConfig({ text_config: t }: ModelJson): GemmaConfig {
  return {
    hiddenSize: t.hidden_size,
    intermediateSize: t.intermediate_size,
    numLayers: t.num_hidden_layers,
    numHeads: t.num_attention_heads,
    numKvHeads: t.num_key_value_heads,
    headDim: t.head_dim ?? 256,
    vocabSize: t.vocab_size,
    rmsNormEps: t.rms_norm_eps,
    ropeTheta: t.rope_parameters?.rope_theta ?? t.rope_theta ?? 10_000,
    maxPositions: t.max_position_embeddings,
  };
}

function specialTokens({ text_config, ...top }: ModelJson) {
  const eos = top.eos_token_id ?? text_config.eos_token_id ?? 1;
  return {
    padTokenId: top.pad_token_id ?? text_config.pad_token_id ?? 0,
    bosTokenId: top.bos_token_id ?? text_config.bos_token_id ?? 2,
    eosTokenId: typeof eos === "number" ? eos : eos[0],
  };
}

function checkSizes(path: string, { vision, text }: PaliGemmaConfig, json: ModelJson): void {
  const divides: readonly (readonly [string, number, string, number])[] = [
    ["vision_config.hidden_size", vision.hiddenSize, "num_attention_heads", vision.numHeads],
    ["vision_config.image_size", vision.imageSize, "patch_size", vision.patchSize],
    ["text_config.num_attention_heads", text.numHeads, "num_key_value_heads", text.numKvHeads],
  ];
  for (const [key, whole, partKey, part] of divides) {
    if (whole % part !== 0) throw new InputError(`${path}: ${key}: ${whole} is no multiple of ${partKey} ${part}`);
  }
  const projected = json.projection_dim ?? json.vision_config.projection_dim ?? text.hiddenSize;
  if (projected !== text.hiddenSize) {
    throw new InputError(`${path}: projection_dim: ${projected} is not text_config.hidden_size ${text.hiddenSize}`);
  }
}
