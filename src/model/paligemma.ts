import type { Node } from "../graph/node.ts";
import { add, concat, constant, input, prefixMask, reshape, takeRows } from "../graph/ops/index.ts";
import { numImageTokens, type PaliGemmaConfig } from "./config.ts";
import { embedTokens, type Gemma, gemma, gemmaParameters, logits, type Queries, rotationTables } from "./gemma.ts";
import type { ImageInput } from "./image-input.ts";
import { type KeyValues, type Linear, linear, type OnLayer, type Parameter } from "./layers.ts";
import { linearAt } from "./parameters.ts";
import { type Siglip, siglip, siglipParameters } from "./siglip.ts";
import { keepInInt8, storeInBlocks } from "./weight-blocks.ts";

/** PaliGemma (Beyer et al. 2024): SigLIP's patches, projected, stand before the text that Gemma reads. */
export interface PaliGemma<T> {
  readonly vision: Siglip<T>;
  readonly projector: Linear<T>;
  readonly language: Gemma<T>;
}

export function paligemmaParameters(c: PaliGemmaConfig): PaliGemma<Parameter> {
  const plain = {
    vision: siglipParameters(c.vision),
    projector: linearAt("multi_modal_projector.linear", c.text.hiddenSize, c.vision.hiddenSize, { bias: true }),
    language: gemmaParameters(c.text),
  };
  if (c.blocks) return storeInBlocks(plain, c.blocks);
  return c.int8 ? keepInInt8(plain, c.int8) : plain;
}

/** Whether a weight or module belongs to what makes image features. */
export const isOfImages = (name: string): boolean => !name.startsWith("language_model.");

/** Pixels [B,3,S,S] → [B,n,D], one vector an image token, in the scale of embedded text. */
export function imageFeatures(pixels: Node, p: PaliGemma<Node>, c: PaliGemmaConfig, onLayer?: OnLayer): Node {
  return linear(siglip(pixels, p.vision, c.vision, onLayer), p.projector);
}

/** Image features [B,n,D] from the graph input of that name. */
export function fedFeatures(
  fed: ImageInput,
  b: number,
  p: PaliGemma<Node>,
  c: PaliGemmaConfig,
  onLayer?: OnLayer,
): Node {
  if (fed === "features") return input("features", "f32", [b, numImageTokens(c.vision), c.text.hiddenSize]);
  return imageFeatures(input("pixels", "f32", [b, 3, c.vision.imageSize, c.vision.imageSize]), p, c, onLayer);
}

/** Text behind the image: `<bos> prompt \n` and, in training, the answer; right-padded rows. */
export interface Text {
  /** [B,T], without the n image tokens. */
  readonly tokens: Node;
  /** [B]: image tokens and prompt, which see each other both ways. */
  readonly prefixLengths: Node;
  /** [B,L]: the places, counted over image and text from 0, whose next token is asked for. */
  readonly rows: Node;
}

/**
 * One forward pass over whole rows, for training and for prefill: image features [B,n,D] and text → logits [B,L,V] at
 * `rows`, and every layer's keys and values [B,K,n+T,H].
 */
export function readSequence(
  features: Node,
  { tokens, prefixLengths, rows }: Text,
  p: PaliGemma<Node>,
  c: PaliGemmaConfig,
  onLayer?: OnLayer,
): { logits: Node; cache: KeyValues[] } {
  const inputs = concat([features, embedTokens(tokens, p.language, c.text)], 1); // [B,n+T,D]
  const [b, size] = inputs.type.shape as [number, number];
  const tables = rotationTables(c.text, size + 1);
  const queries = (positions: Node): Queries => ({
    rotation: { positions, ...tables },
    mask: prefixMask(positions, prefixLengths, size),
  });
  const one = constant({ dtype: "i32", shape: [], data: Int32Array.of(1) });
  const last = { pick: (all: Node) => takeRows(all, rows), ...queries(add(rows, one)) };
  const { hidden, cache } = gemma(inputs, p.language, c.text, { ...queries(positionsFromOne(b, size)), last, onLayer });
  return { logits: logits(hidden, p.language), cache };
}

/** What is kept of a row between decoding steps: each layer's keys and values in buffers [B,K,C,H] filled from the left. */
export interface Decoding {
  /** [B,1]: the token just chosen. */
  readonly token: Node;
  /** [B]: how many places of the buffers are filled; the token stands behind them. */
  readonly filled: Node;
  readonly past: readonly KeyValues[];
}

/** One more token of each row → logits [B,1,V] of the next, and the token's own keys and values [B,K,1,H] to be kept. */
export function readToken(
  { token, filled, past }: Decoding,
  p: PaliGemma<Node>,
  c: PaliGemmaConfig,
): { logits: Node; cache: KeyValues[] } {
  const [b, , capacity] = past[0]!.k.type.shape as [number, number, number];
  const one = constant({ dtype: "i32", shape: [], data: Int32Array.of(1) });
  const column = reshape(filled, [b, 1]);
  const positions = add(column, one);
  const itself = constant({ dtype: "f32", shape: [b, 1, 1], data: new Float32Array(b) });
  const mask = concat([prefixMask(column, filled, capacity), itself], 2); // [B,1,C+1]
  const rotation = { positions, ...rotationTables(c.text, capacity + 2) };
  const { hidden, cache } = gemma(embedTokens(token, p.language, c.text), p.language, c.text, { rotation, mask, past });
  return { logits: logits(hidden, p.language), cache };
}

/** 1, 2, … T for every row: PaliGemma counts positions from 1, padding or not. */
function positionsFromOne(b: number, t: number): Node {
  return constant({ dtype: "i32", shape: [b, t], data: Int32Array.from({ length: b * t }, (_, i) => (i % t) + 1) });
}
