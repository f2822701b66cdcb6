import { type Graph, makeGraph } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { input, pad } from "../graph/ops/index.ts";
import { numImageTokens, type PaliGemmaConfig } from "../model/config.ts";
import type { ImageInput } from "../model/image-input.ts";
import type { KeyValues } from "../model/layers.ts";
import { bindWeights, type LoraBinding } from "../model/lora.ts";
import { fedFeatures, paligemmaParameters, readSequence, readToken } from "../model/paligemma.ts";

/** Sizes of a batch that is answered: rows B, text tokens T of the longest prompt, places C of the key and value buffers. */
export interface DecodeShape {
  readonly rows: number;
  readonly text: number;
  readonly capacity: number;
  readonly image: ImageInput;
}

/** Names of a layer's keys and values: buffers that a step reads, and what prefill or a step adds to them. */
export const pastNames = (layer: number) => ({ k: `past.${layer}.k`, v: `past.${layer}.v` });
export const presentNames = (layer: number) => ({ k: `present.${layer}.k`, v: `present.${layer}.v` });

/**
 * Reads image and prompt. Feeds `pixels` [B,3,S,S] or `features` [B,n,D], `tokens` [B,T], `prefixLengths` [B], `rows` [B,1] (each prompt's last
 * place). Outputs `logits` [B,1,V] of the first answer token and each layer's `present` buffers [B,C,K·H], filled up to the prompt's end.
 */
export function prefillGraph(
  c: PaliGemmaConfig,
  { rows: b, text, capacity, image }: DecodeShape,
  dtype: "f32" | "f16",
  lora?: LoraBinding,
): Graph {
  const p = bindWeights(paligemmaParameters(c), dtype, lora);
  const features = fedFeatures(image, b, p, c);
  const inputs = {
    tokens: input("tokens", "i32", [b, text]),
    prefixLengths: input("prefixLengths", "i32", [b]),
    rows: input("rows", "i32", [b, 1]),
  };
  const { logits, cache } = readSequence(features, inputs, p, c);
  const unused = capacity - numImageTokens(c.vision) - text;
  return makeGraph({ logits, ...cacheOutputs(cache, (x) => pad(x, 1, 0, unused)) });
}

/**
 * Reads one more token of each row. Feeds `token` [B,1], `filled` [B] and the `past` buffers. Outputs `logits` [B,1,V] and
 * the token's own keys and values `present` [B,1,K·H], which belong at place `filled` of the buffers.
 */
export function stepGraph(
  c: PaliGemmaConfig,
  { rows: b, capacity }: Pick<DecodeShape, "rows" | "capacity">,
  dtype: "f32" | "f16",
  lora?: LoraBinding,
): Graph {
  const p = bindWeights(paligemmaParameters(c), dtype, lora);
  const width = c.text.numKvHeads * c.text.headDim;
  const past = p.language.layers.map((_, layer) => {
    const { k, v } = pastNames(layer);
    return { k: input(k, "f32", [b, capacity, width]), v: input(v, "f32", [b, capacity, width]) };
  });
  const { logits, cache } = readToken(
    { token: input("token", "i32", [b, 1]), filled: input("filled", "i32", [b]), past },
    p,
    c,
  );
  return makeGraph({ logits, ...cacheOutputs(cache, (x) => x) });
}

function cacheOutputs(cache: readonly KeyValues[], shape: (x: Node) => Node): Record<string, Node> {
  return Object.fromEntries(
    cache.flatMap(({ k, v }, layer) => {
      const names = presentNames(layer);
      return [
        [names.k, shape(k)],
        [names.v, shape(v)],
      ];
    }),
  );
}
