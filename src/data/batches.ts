import { random } from "../util/random.ts";
import type { TokenizedSample } from "./tokenize.ts";

/** Rows with their answers. B rows, S side of an image, T text tokens; image tokens are left to the model. */
export interface TrainingBatch {
  /** [B,3,S,S]. */
  readonly pixels: Float32Array;
  /** [B,T]: `<bos> prompt \n answer <eos>`, then padding. */
  readonly tokens: Int32Array;
  /** [B]: text tokens before the answer. */
  readonly prefixLengths: Int32Array;
  /** [B]: tokens of the answer with its `<eos>`. */
  readonly suffixLengths: Int32Array;
}

/** Images and prompts to answer. */
export interface PromptBatch {
  /** [B,3,S,S]. */
  readonly pixels: Float32Array;
  /** [B,T]: `<bos> prompt \n`, then padding. */
  readonly tokens: Int32Array;
  /** [B]: text tokens of each prompt. */
  readonly lengths: Int32Array;
}

/** Texts are padded on the right to a multiple of this, so that few shapes are compiled. */
const TEXT_BUCKET = 8;

/** The order of `n` rows in an epoch, from 0. A function of its arguments alone: a resumed run finds it again. */
export function epochOrder(n: number, seed: number, epoch: number, shuffle: boolean): Int32Array {
  return shuffle ? random(seed, `order of epoch ${epoch}`).permutation(n) : Int32Array.from({ length: n }, (_, i) => i);
}

/** Samples and their pixels [B,3,S,S] as a batch to train on; at least one sample. */
export function trainingBatch(samples: readonly TokenizedSample[], pixels: Float32Array, padId: number): TrainingBatch {
  return {
    pixels,
    tokens: padRight(
      samples.map(({ prefix, suffix }) => [...prefix, ...suffix]),
      padId,
    ),
    prefixLengths: Int32Array.from(samples, ({ prefix }) => prefix.length),
    suffixLengths: Int32Array.from(samples, ({ suffix }) => suffix.length),
  };
}

/** Samples and their pixels [B,3,S,S] as a batch to answer; at least one sample. */
export function promptBatch(samples: readonly TokenizedSample[], pixels: Float32Array, padId: number): PromptBatch {
  const prompts = samples.map(({ prefix }) => prefix);
  return { pixels, tokens: padRight(prompts, padId), lengths: Int32Array.from(prompts, (prompt) => prompt.length) };
}

/** Texts as rows of one array [B,T]. */
function padRight(texts: readonly (readonly number[])[], padId: number): Int32Array {
  const longest = Math.max(...texts.map((text) => text.length));
  const width = Math.ceil(longest / TEXT_BUCKET) * TEXT_BUCKET;
  const tokens = new Int32Array(texts.length * width).fill(padId);
  for (const [row, text] of texts.entries()) tokens.set(text, row * width);
  return tokens;
}
