import type { BlockLayout } from "../formats/blockwise.ts";
import type { Node } from "../graph/node.ts";
import {
  add,
  cast,
  concat,
  layerNorm,
  matmul,
  reshape,
  rmsNorm,
  rope,
  shift,
  slice,
  softmax,
  transpose,
} from "../graph/ops/index.ts";
import { joinedAlong } from "../graph/ops/slice.ts";
import type { Shape } from "../util/tensor.ts";
import type { Int8Pieces } from "./config.ts";

/*
 * Layers as functions of values and weights. T is what a weight is at the moment: a declaration (parameters.ts) or a node.
 * Axes: B batch, T tokens, S keys, D width, N heads, K key/value heads, G = N/K, H head size, R rank.
 */

/** A weight as the checkpoint knows it. */
export interface Parameter {
  /** Hub-original name, such as `language_model.model.layers.0.self_attn.q_proj.weight`. */
  readonly name: string;
  readonly shape: Shape;
  /** Kept in blocks of few bits; absent: number by number. */
  readonly blocks?: BlockLayout;
  /** Kept in whole numbers of 8 bits, so many for each number, with a scale for each row. */
  readonly int8?: Int8Pieces;
  /** How whole numbers are kept apart, and what lies as one is taken apart where its layer is large; absent: as one matrix. */
  readonly parts?: Parts;
}

/** Parts of a matrix: so many rows each (axis 0), or columns (axis 1); the last has what is left. */
export interface Parts {
  readonly axis: 0 | 1;
  readonly size: number;
}

/** Where each part begins and ends along its axis. */
export function partBounds(shape: Shape, { axis, size }: Parts): readonly (readonly [number, number])[] {
  const whole = shape[axis]!;
  return Array.from({ length: Math.ceil(whole / size) }, (_, i) => [i * size, Math.min((i + 1) * size, whole)]);
}

/** Told the input of each layer, in order, and the output of the last: what lies between two of them is one layer's own. */
export type OnLayer = (value: Node) => void;

/** Low-rank adaptation: A [R,In] and B [Out,R], scaled by α/R or α/√R. */
export interface Lora<T> {
  readonly a: T;
  readonly b: T;
  readonly scale: number;
  /** Applied to the adapter's own view of the input, or of its columns from one on; in training only. */
  readonly dropout?: (x: T, from?: number) => T;
}

/** A linear layer's weights, W [Out,In]. LoRA is data beside the frozen weight, so no model ever mentions it. */
export interface Linear<T> {
  /** Its module path in the checkpoint, by which LoRA's targets are matched. */
  readonly path: string;
  readonly w: T;
  readonly bias?: T;
  readonly lora?: Lora<T>;
}

export interface Norm<T> {
  readonly w: T;
  readonly b: T;
}

/** Weights may be stored in half precision, or in blocks that a node widens; all arithmetic is in float32. */
const wide = (weight: Node): Node => cast(weight, "f32");

/** y = xWᵀ + b + (α/R)·dropout(x)AᵀBᵀ    x [..,In] → [..,Out]    (Hu et al. 2021, §4.1) */
export function linear(x: Node, { w, bias, lora }: Linear<Node>): Node {
  const product = matmul(x, wide(w), { transB: true });
  const y = bias ? add(product, wide(bias)) : product;
  return lora ? add(y, raise(lower(x, lora), lora)) : y;
}

/** {@link linear} of a weight whose rows are in parts: y in as many, none of them large. */
export function linearToParts(x: Node, { w, lora }: Linear<Node>): Node[] {
  const low = lora && lower(x, lora);
  return partsOf(w, 0).map(({ part, from, to }) => {
    const y = matmul(x, wide(part), { transB: true });
    return lora ? add(y, raise(low!, lora, from, to)) : y;
  });
}

/** {@link linear} of a weight whose columns are in parts, and of x in as many. */
export function linearOfParts(xs: readonly Node[], { w, lora }: Linear<Node>): Node {
  const parts = partsOf(w, 1);
  const sumOf = (f: (x: Node, part: Part) => Node) =>
    parts.map((part, i) => f(xs[i]!, part)).reduce((sum, each) => add(sum, each));
  const y = sumOf((x, { part }) => matmul(x, wide(part), { transB: true }));
  if (!lora) return y;
  const low = sumOf((x, { from }) => lower(x, lora, from));
  return add(y, raise(low, lora));
}

/** dropout(x)Aᵀ [..,R] of x, or what its columns from one on add to it. */
function lower(x: Node, { a, dropout }: Lora<Node>, from = 0): Node {
  return matmul(dropout?.(x, from) ?? x, slice(a, 1, from, from + x.type.shape.at(-1)!), { transB: true });
}

/** (α/R)·low·Bᵀ [..,Out], or some of its columns. */
function raise(low: Node, { b, scale }: Lora<Node>, from = 0, to = b.type.shape[0]!): Node {
  return matmul(low, slice(b, 0, from, to), { transB: true, alpha: scale });
}

interface Part {
  readonly part: Node;
  readonly from: number;
  readonly to: number;
}

/** A weight that is joined of parts along an axis, or one that is not, as the only one. */
function partsOf(w: Node, axis: 0 | 1): Part[] {
  let to = 0;
  return joinedAlong(w, axis).map((part) => {
    const from = to;
    to += part.type.shape[axis]!;
    return { part, from, to };
  });
}

/** LayerNorm with scale and shift, as SigLIP uses it. */
export function siglipNorm(x: Node, { w, b }: Norm<Node>, epsilon: number): Node {
  return layerNorm(x, wide(w), wide(b), epsilon);
}

/** RMSNorm whose stored weight is the distance of the scale from 1, as Gemma uses it. */
export function gemmaNorm(x: Node, w: Node, epsilon: number): Node {
  return rmsNorm(x, shift(wide(w), 1), epsilon);
}

export interface Heads {
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
}

/** Keys and values, [B,K,S,H] each, keys already rotated. */
export interface KeyValues {
  readonly k: Node;
  readonly v: Node;
}

/** Heads that lie side by side, [B,S,K·H], each on its own: [B,K,S,H]. */
export function splitHeads(x: Node, { numKvHeads: k, headDim: h }: Heads): Node {
  const [b, s] = x.type.shape as [number, number];
  return transpose(reshape(x, [b, s, k, h]), [0, 2, 1, 3]);
}

/**
 * Grouped-query attention: q [B,T,N·H], k and v [B,K,S,H] → [B,T,N·H].
 * The G query heads of one key head are folded into its query axis, [B,K,T·G,H] · [B,K,H,S]: with one key head, as in
 * Gemma-2B, no number moves. `mask` [B,T,S], or [B,1,S] for all queries alike, is added to the scores; `past` comes before
 * k and v and is not copied.
 */
export function attention(q: Node, { k, v }: KeyValues, heads: Heads, mask?: Node, past?: KeyValues): Node {
  const { numHeads: n, numKvHeads: kv, headDim: h } = heads;
  const [b, t] = q.type.shape as [number, number];
  const g = n / kv;
  const queries = reshape(transpose(reshape(q, [b, t, kv, g, h]), [0, 2, 1, 3, 4]), [b, kv, t * g, h]);
  const score = (keys: Node) => matmul(queries, keys, { transB: true, alpha: 1 / Math.sqrt(h) }); // [B,K,T·G,S]

  const scores = past ? concat([score(past.k), score(k)], -1) : score(k);
  const s = scores.type.shape[3]!;
  const broadcast = (m: Node) => reshape(m, [b, 1, m.type.shape[1]!, 1, s]);
  const visible = mask ? add(reshape(scores, [b, kv, t, g, s]), broadcast(mask)) : scores;
  const weights = reshape(softmax(visible), [b, kv, t * g, s]);

  const cached = past ? past.k.type.shape[2]! : 0;
  const own = matmul(slice(weights, 3, cached, s), v); // [B,K,T·G,H]
  const mixed = past ? add(matmul(slice(weights, 3, 0, cached), past.v), own) : own;
  return reshape(transpose(reshape(mixed, [b, kv, t, g, h]), [0, 2, 1, 3, 4]), [b, t, n * h]);
}

/** Rotary positions of the tokens at hand: positions [B,T], cos and sin [P,H/2]. */
export interface Rotation {
  readonly positions: Node;
  readonly cos: Node;
  readonly sin: Node;
}

export function rotate(x: Node, { positions, cos, sin }: Rotation): Node {
  return rope(x, positions, cos, sin);
}
