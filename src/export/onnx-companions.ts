import { cleansSpaces } from "../data/tokenizer.ts";
import { CONFIG } from "../model/companions.ts";
import type { PaliGemmaConfig } from "../model/config.ts";
import { numImageTokens } from "../model/config.ts";
import type { Preprocessor } from "../model/preprocessor.ts";

type Json = Record<string, unknown>;

/**
 * The files beside the ONNX ones, as transformers.js wants them: it reads no defaults of transformers, adds a `<bos>` of its own
 * when the tokenizer would, takes spaces before signs away unless it is told not to, and loads weights that stand beside a
 * model when it is told how many files they are.
 */
export function onnxCompanions(
  files: Readonly<Record<string, Uint8Array>>,
  config: PaliGemmaConfig,
  preprocessor: Preprocessor,
  dataFiles: Readonly<Record<string, number>>,
): Record<string, Uint8Array> {
  const json = (name: string): Json => (files[name] ? (JSON.parse(new TextDecoder().decode(files[name])) as Json) : {});
  const bytes = (value: Json) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  const { bosTokenId, eosTokenId, padTokenId } = config;
  const own = json(CONFIG);
  const [tokenizer, settings] = [json("tokenizer.json"), json("tokenizer_config.json")];
  return {
    ...files,
    [CONFIG]: bytes({
      ...own,
      num_image_tokens: numImageTokens(config.vision),
      text_config: {
        ...(own.text_config as Json),
        model_type: "gemma",
        head_dim: config.text.headDim,
        num_key_value_heads: config.text.numKvHeads,
        num_hidden_layers: config.text.numLayers,
      },
      ...(Object.keys(dataFiles).length > 0 && { "transformers.js_config": { use_external_data_format: dataFiles } }),
    }),
    "generation_config.json": bytes({
      ...{ bos_token_id: bosTokenId, eos_token_id: eosTokenId, pad_token_id: padTokenId },
      ...json("generation_config.json"),
    }),
    "tokenizer.json": bytes({ ...tokenizer, post_processor: null }),
    "tokenizer_config.json": bytes({
      ...settings,
      clean_up_tokenization_spaces: cleansSpaces(tokenizer, settings),
    }),
    "preprocessor_config.json": bytes({
      image_processor_type: "SiglipImageProcessor",
      processor_class: "PaliGemmaProcessor",
      ...{ do_convert_rgb: true, do_resize: true, do_rescale: true, do_normalize: true },
      size: { height: preprocessor.imageSize, width: preprocessor.imageSize },
      resample: 3,
      rescale_factor: preprocessor.rescaleFactor,
      image_mean: preprocessor.mean,
      image_std: preprocessor.std,
      image_seq_length: numImageTokens(config.vision),
    }),
  };
}
