import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readModelConfig } from "../../src/model/model-config.ts";
import { InputError } from "../../src/util/errors.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";

type Json = Record<string, unknown> & { text_config: Record<string, unknown>; vision_config: Record<string, unknown> };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "amlc-config-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(json: unknown) {
  await writeFile(join(folder, "config.json"), typeof json === "string" ? json : JSON.stringify(json));
  return readModelConfig(folder);
}

/** What the hub has for google/paligemma-3b-pt-448: values that equal the defaults are left out. */
const hub = (): Json => ({
  architectures: ["PaliGemmaForConditionalGeneration"],
  bos_token_id: 2,
  eos_token_id: 1,
  hidden_size: 2048,
  ignore_index: -100,
  image_token_index: 257152,
  model_type: "paligemma",
  pad_token_id: 0,
  projection_dim: 2048,
  text_config: {
    hidden_size: 2048,
    intermediate_size: 16384,
    model_type: "gemma",
    num_attention_heads: 8,
    num_hidden_layers: 18,
    num_image_tokens: 1024,
    num_key_value_heads: 1,
    torch_dtype: "float32",
    vocab_size: 257216,
  },
  torch_dtype: "float32",
  transformers_version: "4.41.0.dev0",
  vision_config: {
    hidden_size: 1152,
    image_size: 448,
    intermediate_size: 4304,
    model_type: "siglip_vision_model",
    num_attention_heads: 16,
    num_hidden_layers: 27,
    num_image_tokens: 1024,
    patch_size: 14,
    projection_dim: 2048,
    projector_hidden_act: "gelu_fast",
    vision_use_head: false,
  },
});

const without = (json: Json, ...keys: string[]) =>
  Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)));

test("the hub's 3B at 448 pixels, defaults left out", async () => {
  expect(await read(hub())).toEqual(PALIGEMMA_3B);
});

test("the hub's 3B at 224 pixels, image size left out", async () => {
  const json = hub();
  delete json.vision_config.image_size;
  expect((await read(json)).vision.imageSize).toBe(224);
});

test("files of transformers 5: rotations nested, dtype renamed", async () => {
  const json = JSON.parse(await readFile(join(import.meta.dirname, "../goldens/tiny/model/config.json"), "utf8"));
  json.text_config.rope_parameters.rope_theta = 12345;
  expect(await read(json)).toMatchObject({
    text: { headDim: 16, ropeTheta: 12345, numHeads: 4 },
    vision: { imageSize: 56 },
    imageTokenId: 320,
  });
});

test("either spelling of a key is read", async () => {
  const json = hub();
  const text = { ...json.text_config, rope_theta: 5000, hidden_activation: "gelu_pytorch_tanh", hidden_act: "gelu" };
  const other = { ...without(json, "image_token_index"), image_token_id: 9, text_config: text };
  expect(await read(other)).toMatchObject({ imageTokenId: 9, text: { ropeTheta: 5000 } });
});

test("special tokens stand at the top, or in the text's part, or are Gemma's; of several ends the first counts", async () => {
  const bare = without(hub(), "bos_token_id", "eos_token_id", "pad_token_id") as Json;
  expect(await read(bare)).toMatchObject({ padTokenId: 0, bosTokenId: 2, eosTokenId: 1 });
  bare.text_config = { ...bare.text_config, pad_token_id: 7, eos_token_id: [8, 9] };
  expect(await read(bare)).toMatchObject({ padTokenId: 7, bosTokenId: 2, eosTokenId: 8 });
  expect(await read({ ...bare, eos_token_id: 5 })).toMatchObject({ eosTokenId: 5 });
});

describe("a configuration that is not supported is refused by key:", () => {
  const text = (change: object) => (json: Json) => ({ ...json, text_config: { ...json.text_config, ...change } });
  const vision = (change: object) => (json: Json) => ({ ...json, vision_config: { ...json.vision_config, ...change } });
  const cases: [(json: Json) => unknown, RegExp][] = [
    [(j) => ({ ...j, model_type: "llava" }), /: model_type: is "llava", only "paligemma" is supported/],
    [text({ model_type: "gemma2" }), /text_config\.model_type: is "gemma2"/],
    [vision({ model_type: "clip_vision_model" }), /vision_config\.model_type: is "clip_vision_model"/],
    [(j) => without(j, "text_config"), /: text_config: /],
    [(j) => without(j, "image_token_index"), /image_token_index: is missing/],
    [text({ hidden_size: "2048" }), /text_config\.hidden_size: .*expected number, received string/],
    [text({ num_hidden_layers: 0 }), /text_config\.num_hidden_layers: /],
    [text({ head_dim: 7 }), /text_config\.head_dim: /],
    [text({ num_key_value_heads: 3 }), /text_config\.num_attention_heads: 8 is no multiple of num_key_value_heads 3/],
    [text({ attention_bias: true }), /text_config\.attention_bias: is true/],
    [text({ tie_word_embeddings: false }), /text_config\.tie_word_embeddings: is false/],
    [text({ use_bidirectional_attention: false }), /use_bidirectional_attention: is false/],
    [text({ final_logit_softcapping: 30 }), /text_config\.final_logit_softcapping: is 30, only null is supported/],
    [text({ rope_parameters: { rope_type: "yarn" } }), /rope_parameters\.rope_type: is "yarn"/],
    [text({ rope_scaling: { type: "linear" } }), /rope_scaling: is \{"type":"linear"\}/],
    [text({ hidden_activation: "silu" }), /hidden_activation: is "silu"/],
    [vision({ hidden_act: "gelu" }), /vision_config\.hidden_act: is "gelu"/],
    [vision({ image_size: 450 }), /vision_config\.image_size: 450 is no multiple of patch_size 14/],
    [vision({ num_attention_heads: 7 }), /vision_config\.hidden_size: 1152 is no multiple of num_attention_heads 7/],
    [vision({ num_channels: 1 }), /vision_config\.num_channels: is 1/],
    [(j) => ({ ...j, projection_dim: 1024 }), /projection_dim: 1024 is not text_config\.hidden_size 2048/],
    [() => "{", /is not JSON/],
    [() => "[]", /config\.json: .*expected object/],
  ];
  test.each(cases)("case %#: %s", async (change, message) => {
    const error = await read(change(hub())).catch((e) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(join(folder, "config.json"));
  });

  test("no file at all", async () => {
    await expect(readModelConfig(folder)).rejects.toThrow("config.json: no such file");
  });
});
