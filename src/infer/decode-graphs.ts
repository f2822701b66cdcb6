import { type Graph, makeGraph } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { input, pad } from "../graph/ops/index.ts";
import { numImageTokens, type PaliGemmaConfig } from "../model/config.ts";
import type { KeyValues } from "../model/layers.ts";
import { bindWeights, type LoraBinding } from "../model/lora.ts";
import { fedFeatures, paligemmaParameters, readSequence, readToken } from "../model/paligemma.ts";

/** Which weights a graph reads: their type, and the adapter that hangs on them. */
export interface Bound {
  readonly config: PaliGemmaConfig;
  readonly dtype: "f32" | "f16";
  readonly lora?: LoraBinding | undefined;
}

/** Sizes of a step: rows B, places C of the key and value buffers. */
export interface StepShape {
  readonly rows: number;
  readonly capacity: number;
}

/** Sizes of prompts that are read: text tokens T of each besides. */
export interface PromptShape extends StepShape {
  readonly text: number;
}

/** Names of a layer's keys and values: buffers that a step reads, and what prefill or a step adds to them. */
export const pastNames = (layer: number) => ({ k: `past.${layer}.k`, v: `past.${layer}.v` });
export const presentNames = (layer: number) => ({ k: `present.${layer}.k`, v: `present.${layer}.v` });

const bind = ({ config, dtype, lora }: Bound) => bindWeights(paligemmaParameters(config), dtype, lora);

/** Looks at images. Feeds `pixels` [B,3,S,S]; output `features` [B,n,D]. */
export function featuresGraph(bound: Bound, rows: number): Graph {
  return makeGraph({ features: fedFeatures("pixels", rows, bind(bound), bound.config) });
}

/**
 * Reads image and prompt. Feeds `features` [B,n,D], `tokens` [B,T], `prefixLengths` [B], `rows` [B,1] (each prompt's last
 * place). Outputs `logits` [B,1,V] of the first answer token and each layer's `present` buffers [B,K,C,H], filled up to the
 * prompt's end.
 */
export function prefillGraph(bound: Bound, { rows: b, text, capacity }: PromptShape): Graph {
  const { config: c } = bound;
  const p = bind(bound);
  const inputs = {
    tokens: input("tokens", "i32", [b, text]),
    prefixLengths: input("prefixLengths", "i32", [b]),
    rows: input("rows", "i32", [b, 1]),
  };
  const { logits, cache } = readSequence(fedFeatures("features", b, p, c), inputs, p, c);
  const unused = capacity - numImageTokens(c.vision) - text;
  return makeGraph({ logits, ...cacheOutputs(cache, (x) => pad(x, 2, 0, unused)) });
}

/**
 * Reads one more token of each row. Feeds `token` [B,1], `filled` [B] and the `past` buffers. Outputs `logits` [B,1,V] and
 * the token's own keys and values `present` [B,K,1,H], which belong at place `filled` of the buffers.
 */
export function stepGraph(bound: Bound, { rows: b, capacity }: StepShape): Graph {
  const { config: c } = bound;
  const p = bind(bound);
  const shape = [b, c.text.numKvHeads, capacity, c.text.headDim];
  const past = p.language.layers.map((_, layer) => {
    const { k, v } = pastNames(layer);
    return { k: input(k, "f32", shape), v: input(v, "f32", shape) };
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
