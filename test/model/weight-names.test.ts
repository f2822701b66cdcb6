import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import {
  ADAPTER_DIALECTS,
  adapterKey,
  canonicalName,
  isRedundantWeight,
  modulePathIn,
  parseAdapterKey,
} from "../../src/model/weight-names.ts";

/** One row a weight, as interop between releases of transformers has it: hub, 4.52, 5.6, saved by 5.23. */
const SPELLINGS = [
  [
    "language_model.model.layers.17.self_attn.q_proj.weight",
    "model.language_model.layers.17.self_attn.q_proj.weight",
    "model.language_model.layers.17.self_attn.q_proj.weight",
    "language_model.model.layers.17.self_attn.q_proj.weight",
  ],
  [
    "language_model.model.embed_tokens.weight",
    "model.language_model.embed_tokens.weight",
    "model.language_model.embed_tokens.weight",
    "language_model.model.embed_tokens.weight",
  ],
  [
    "language_model.model.norm.weight",
    "model.language_model.norm.weight",
    "model.language_model.norm.weight",
    "language_model.model.norm.weight",
  ],
  [
    "vision_tower.vision_model.embeddings.patch_embedding.bias",
    "model.vision_tower.vision_model.embeddings.patch_embedding.bias",
    "model.vision_tower.embeddings.patch_embedding.bias",
    "vision_tower.embeddings.patch_embedding.bias",
  ],
  [
    "vision_tower.vision_model.encoder.layers.3.mlp.fc1.weight",
    "model.vision_tower.vision_model.encoder.layers.3.mlp.fc1.weight",
    "model.vision_tower.encoder.layers.3.mlp.fc1.weight",
    "vision_tower.encoder.layers.3.mlp.fc1.weight",
  ],
  [
    "vision_tower.vision_model.post_layernorm.weight",
    "model.vision_tower.vision_model.post_layernorm.weight",
    "model.vision_tower.post_layernorm.weight",
    "vision_tower.post_layernorm.weight",
  ],
  [
    "multi_modal_projector.linear.weight",
    "model.multi_modal_projector.linear.weight",
    "model.multi_modal_projector.linear.weight",
    "multi_modal_projector.linear.weight",
  ],
];

test.each(SPELLINGS)("%s has one name whatever wrote it", (...names) => {
  expect(names.map(canonicalName)).toEqual(names.map(() => names[0]));
});

test("names of other models have no canonical form", () => {
  const foreign = ["model.layers.0.self_attn.q_proj.weight", "visual.blocks.0.attn.qkv.weight", "lm_head.weight", ""];
  expect(foreign.map(canonicalName)).toEqual(foreign.map(() => undefined));
});

test("a tied output matrix and computed buffers are redundant, weights are not", () => {
  const redundant = [
    "lm_head.weight",
    "language_model.lm_head.weight",
    "vision_tower.vision_model.embeddings.position_ids",
    "language_model.model.layers.0.self_attn.rotary_emb.inv_freq",
  ];
  expect(redundant.filter((name) => !isRedundantWeight(name))).toEqual([]);
  expect(SPELLINGS.flat().filter(isRedundantWeight)).toEqual([]);
});

describe("adapter keys", () => {
  const q = "language_model.model.layers.0.self_attn.q_proj";
  const v = "vision_tower.vision_model.encoder.layers.0.self_attn.v_proj";
  const keys = {
    "transformers>=5.6": [
      "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
      "base_model.model.model.vision_tower.encoder.layers.0.self_attn.v_proj.lora_B.weight",
    ],
    "transformers>=4.52": [
      "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
      "base_model.model.model.vision_tower.vision_model.encoder.layers.0.self_attn.v_proj.lora_B.weight",
    ],
    "transformers<4.52": [
      "base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_A.weight",
      "base_model.model.vision_tower.vision_model.encoder.layers.0.self_attn.v_proj.lora_B.weight",
    ],
  };

  test.each(ADAPTER_DIALECTS)("of %s are written and read", (dialect) => {
    expect([adapterKey(dialect, q, "A"), adapterKey(dialect, v, "B")]).toEqual(keys[dialect]);
    expect(keys[dialect].map(parseAdapterKey)).toEqual([
      { path: q, matrix: "A" },
      { path: v, matrix: "B" },
    ]);
  });

  test("of the projector follow it", () => {
    expect(ADAPTER_DIALECTS.map((dialect) => modulePathIn(dialect, "multi_modal_projector.linear"))).toEqual([
      "model.multi_modal_projector.linear",
      "model.multi_modal_projector.linear",
      "multi_modal_projector.linear",
    ]);
  });

  test("of PEFT's own file are all understood and written the same", async () => {
    const file = join(import.meta.dirname, "../goldens/tiny/adapter/adapter_model.safetensors");
    const found = [...(await readSafetensors(file)).keys()];
    const again = found.map((key) => {
      const parsed = parseAdapterKey(key);
      return parsed && adapterKey("transformers>=5.6", parsed.path, parsed.matrix);
    });
    expect(again).toEqual(found);
  });

  test.each([
    "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
    "base_model.model.lm_head.lora_A.weight",
    "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_magnitude_vector.weight",
    "base_model.model.model.language_model.embed_tokens.lora_embedding_A",
    "model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
  ])("of something else are not: %s", (key) => {
    expect(parseAdapterKey(key)).toBeUndefined();
  });
});
