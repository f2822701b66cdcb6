import { type OpenSize, sizeOfAxis } from "../engine/onnx/open-sizes.ts";
import { type Graph, makeGraph } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { cast, embedding, input, reshape, scale, shift, slice } from "../graph/ops/index.ts";
import { int64 } from "../graph/ops/onnx-values.ts";
import type { PaliGemmaConfig } from "../model/config.ts";
import { gemma, logits, rotationTables } from "../model/gemma.ts";
import { bindWeights } from "../model/lora.ts";
import { cacheName, type OnnxPart } from "../model/onnx-layout.ts";
import { imageFeatures, paligemmaParameters } from "../model/paligemma.ts";

/**
 * A model in three graphs, with the names and axes that transformers.js and Optimum give them. As in their exports of PaliGemma
 * image features leave the first divided by √D, embeddings leave the second as they are stored, and the third multiplies
 * both by √D.
 */
export interface ExportedGraph {
  readonly graph: Graph;
  readonly openSizes: readonly OpenSize[];
}

/** Numbers that stand for open sizes: no size of a model is a multiple of one. */
const [B, T, P, L] = [1009, 10_007, 20_004, 4_998];
const S = P + T;

/** Of the weights' own numbers, however the base keeps them: they are stored anew. */
const bind = (c: PaliGemmaConfig) => bindWeights(paligemmaParameters({ ...c, blocks: undefined }), "f32");

export const EXPORTED_GRAPHS: Readonly<Record<OnnxPart, (c: PaliGemmaConfig) => ExportedGraph>> = {
  /** `pixel_values` [B,3,S,S] → `image_features` [B,n,D]. */
  vision_encoder(c) {
    const pixels = input("pixel_values", "f32", [B, 3, c.vision.imageSize, c.vision.imageSize]);
    const features = imageFeatures(pixels, bind(c), c);
    return {
      graph: makeGraph({ image_features: scale(features, 1 / Math.sqrt(c.text.hiddenSize)) }),
      openSizes: [{ size: B, name: "batch_size", from: sizeOfAxis("pixel_values", 0) }],
    };
  },

  /** `input_ids` [B,T] → `inputs_embeds` [B,T,D]. */
  embed_tokens(c) {
    const ids = input("input_ids", "i64", [B, T]);
    return {
      graph: makeGraph({ inputs_embeds: embedding(bind(c).language.embedding, ids) }),
      openSizes: [
        { size: B, name: "batch_size", from: sizeOfAxis("input_ids", 0) },
        { size: T, name: "sequence_length", from: sizeOfAxis("input_ids", 1) },
      ],
    };
  },

  /**
   * `inputs_embeds` [B,T,D], `attention_mask` [B,P+T], `position_ids` [B,T] from 1, `past_key_values` [B,K,P,H] → `logits`
   * [B,L,V] of the last `num_logits_to_keep` places (0: of all) and `present` [B,K,P+T,H].
   *
   * Image and prompt see each other both ways and come at once; after that a token comes alone and sees all before it. So
   * no query is kept from a key, but for padding: that is why a prompt must not be read in pieces.
   */
  decoder_model_merged(c) {
    const { text } = c;
    const p = bind(c).language;
    const embeds = input("inputs_embeds", "f32", [B, T, text.hiddenSize]);
    const attended = input("attention_mask", "i64", [B, S]);
    const positions = cast(input("position_ids", "i64", [B, T]), "i32");
    const past = p.layers.map((_, layer) => ({
      k: input(cacheName("past_key_values", layer, "key"), "f32", [B, text.numKvHeads, P, text.headDim]),
      v: input(cacheName("past_key_values", layer, "value"), "f32", [B, text.numKvHeads, P, text.headDim]),
    }));
    const mask = reshape(scale(shift(cast(attended, "f32"), -1), HIDDEN), [B, 1, S]); // 1 → 0, 0 → −HIDDEN
    const tables = rotationTables(text, text.maxPositions + 1);
    const pick = (all: Node) => slice(all, 1, T - L, T);
    const { hidden, cache } = gemma(scale(embeds, Math.sqrt(text.hiddenSize)), p, text, {
      ...{ rotation: { positions, ...tables }, mask, past, grows: true },
      last: { rotation: { positions: pick(positions), ...tables }, mask, pick },
    });
    const present = cache.flatMap(({ k, v }, layer) => [
      [cacheName("present", layer, "key"), k],
      [cacheName("present", layer, "value"), v],
    ]);
    return {
      graph: makeGraph({ logits: logits(hidden, p), ...Object.fromEntries(present) }),
      openSizes: DECODER_SIZES,
    };
  },
};

const HIDDEN = 1e9;

const KEPT = "num_logits_to_keep";

const DECODER_SIZES: readonly OpenSize[] = [
  { size: B, name: "batch_size", from: sizeOfAxis("inputs_embeds", 0) },
  { size: T, name: "sequence_length", from: sizeOfAxis("inputs_embeds", 1) },
  { size: P, name: "past_sequence_length", from: sizeOfAxis(cacheName("past_key_values", 0, "key"), 2) },
  { size: S, name: "total_sequence_length", from: sizeOfAxis("attention_mask", 1) },
  {
    size: L,
    name: "num_logits",
    reads: { name: KEPT, dtype: "i64", shape: [] },
    from: (emit, sizeOf) => {
      const count = emit.node("Reshape", [KEPT, int64(emit, [1])]);
      return emit.node("Where", [emit.node("Equal", [count, int64(emit, [0])]), sizeOf(T), count]);
    },
  },
  { size: T - L, name: "first_logit", from: (emit, sizeOf) => emit.node("Sub", [sizeOf(T), sizeOf(L)]) },
];
