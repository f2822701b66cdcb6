import type { Node } from "../graph/node.ts";
import { add, cast, concat, constant, embedding, gelu, matmul, mul, scale } from "../graph/ops/index.ts";
import type { GemmaConfig } from "./config.ts";
import {
  attention,
  gemmaNorm,
  type KeyValues,
  type Linear,
  linear,
  linearOfParts,
  linearToParts,
  type OnLayer,
  type Parameter,
  type Rotation,
  rotate,
  splitHeads,
} from "./layers.ts";
import { linearAt, parameterAt } from "./parameters.ts";

export interface GemmaLayer<T> {
  readonly inputNorm: T;
  readonly attention: { readonly q: Linear<T>; readonly k: Linear<T>; readonly v: Linear<T>; readonly o: Linear<T> };
  readonly postAttentionNorm: T;
  readonly mlp: { readonly gate: Linear<T>; readonly up: Linear<T>; readonly down: Linear<T> };
}

export interface Gemma<T> {
  /** [V,D]; also the output layer. */
  readonly embedding: T;
  readonly layers: readonly GemmaLayer<T>[];
  readonly norm: T;
}

export function gemmaParameters(c: GemmaConfig, at = "language_model.model"): Gemma<Parameter> {
  const { hiddenSize: d, intermediateSize: f, headDim: h, numHeads: n, numKvHeads: k } = c;
  return {
    embedding: parameterAt(`${at}.embed_tokens.weight`, [c.vocabSize, d]),
    layers: Array.from({ length: c.numLayers }, (_, i) => {
      const layer = `${at}.layers.${i}`;
      const attn = `${layer}.self_attn`;
      return {
        inputNorm: parameterAt(`${layer}.input_layernorm.weight`, [d]),
        attention: {
          q: linearAt(`${attn}.q_proj`, n * h, d),
          k: linearAt(`${attn}.k_proj`, k * h, d),
          v: linearAt(`${attn}.v_proj`, k * h, d),
          o: linearAt(`${attn}.o_proj`, d, n * h),
        },
        postAttentionNorm: parameterAt(`${layer}.post_attention_layernorm.weight`, [d]),
        mlp: {
          gate: linearAt(`${layer}.mlp.gate_proj`, f, d, { parts: hiddenUnits(f, 0) }),
          up: linearAt(`${layer}.mlp.up_proj`, f, d, { parts: hiddenUnits(f, 0) }),
          down: linearAt(`${layer}.mlp.down_proj`, d, f, { parts: hiddenUnits(f, 1) }),
        },
      };
    }),
    norm: parameterAt(`${at}.norm.weight`, [d]),
  };
}

/** So many hidden units for 1,050 tokens are 8 MB, which stay in a cache from one operator to the next; few are not parted. */
const UNITS_A_PART = 2048;
const hiddenUnits = (all: number, axis: 0 | 1) => (all > 2 * UNITS_A_PART ? { axis, size: UNITS_A_PART } : undefined);

/** Which queries a layer computes: where they stand and what they see. */
export interface Queries {
  readonly rotation: Rotation;
  /** Added to the scores: [B,T,S], or [B,1,S] for all queries alike. */
  readonly mask: Node;
}

/** Everything in which training, prefill and decoding differ. */
export interface GemmaContext extends Queries {
  /** Keys and values of earlier tokens, one pair a layer. */
  readonly past?: readonly KeyValues[];
  /** Whether the cache that comes out holds `past` too, in one array with the new: what other runtimes want, at the price of a copy. */
  readonly grows?: boolean;
  /** When set, only the rows [B,L,..] that `pick` takes of [B,T,..] leave the last layer: nobody reads the others, and they are most of its work. */
  readonly last?: Queries & { readonly pick: (all: Node) => Node };
  readonly onLayer?: OnLayer | undefined;
}

/** Gemma's decoder (Gemma Team 2024): embeddings [B,T,D] → normed hidden states [B,T or L,D], and each layer's keys and values. */
export function gemma(
  x: Node,
  p: Gemma<Node>,
  c: GemmaConfig,
  context: GemmaContext,
): { hidden: Node; cache: KeyValues[] } {
  const cache: KeyValues[] = [];
  let hidden = x;
  p.layers.forEach((layer, i) => {
    context.onLayer?.(hidden);
    const last = i === p.layers.length - 1 ? context.last : undefined;
    const pick = last?.pick ?? ((all: Node) => all);
    const { rotation, mask } = last ?? context;
    const past = context.past?.[i];

    const h = gemmaNorm(hidden, layer.inputNorm, c.rmsNormEps);
    const q = rotate(linear(pick(h), layer.attention.q), rotation);
    const k = splitHeads(rotate(linear(h, layer.attention.k), context.rotation), c);
    const v = splitHeads(linear(h, layer.attention.v), c);
    const seen = past && context.grows ? { k: concat([past.k, k], 2), v: concat([past.v, v], 2) } : { k, v };
    cache.push(seen);
    const mixed = attention(q, seen, c, mask, context.grows ? undefined : past);
    hidden = add(pick(hidden), linear(mixed, layer.attention.o));

    const m = gemmaNorm(hidden, layer.postAttentionNorm, c.rmsNormEps);
    const up = linearToParts(m, layer.mlp.up);
    const gated = linearToParts(m, layer.mlp.gate).map((gate, i) => mul(gelu(gate), up[i]!));
    hidden = add(hidden, linearOfParts(gated, layer.mlp.down));
  });
  context.onLayer?.(hidden);
  return { hidden: gemmaNorm(hidden, p.norm, c.rmsNormEps), cache };
}

/** Token ids [B,T] → [B,T,D], scaled by √D as Gemma does. */
export function embedTokens(ids: Node, p: Gemma<Node>, c: GemmaConfig): Node {
  return scale(cast(embedding(p.embedding, ids), "f32"), Math.sqrt(c.hiddenSize));
}

/** Hidden states [..,D] → logits [..,V] through the transposed embedding. */
export function logits(hidden: Node, p: Gemma<Node>): Node {
  return matmul(hidden, cast(p.embedding, "f32"), { transB: true });
}

/** cos and sin [positions,H/2] of position · θ^(−2i/H). */
export function rotationTables({ headDim, ropeTheta }: GemmaConfig, positions: number): Omit<Rotation, "positions"> {
  const half = headDim / 2;
  const table = (f: (angle: number) => number) =>
    constant({
      dtype: "f32",
      shape: [positions, half],
      data: Float32Array.from({ length: positions * half }, (_, at) =>
        f(Math.floor(at / half) * ropeTheta ** (-(at % half) / half)),
      ),
    });
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
