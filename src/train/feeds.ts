import type { Batch } from "../data/batches.ts";
import type { Tensors } from "../engine/engine.ts";
import type { Graph } from "../graph/graph.ts";
import { numImageTokens, type PaliGemmaConfig } from "../model/config.ts";
import { feedImages, imageInputOf } from "../model/image-input.ts";
import { random } from "../util/random.ts";
import { sizeOf, tensor } from "../util/tensor.ts";
import type { BatchShape } from "./loss-graph.ts";

/** What training reads of a batch: rows with their answers. */
export type TrainingBatch = Pick<Batch, "pixels" | "features" | "tokens" | "prefixLengths" | "suffixLengths">;

/** Answers are padded to a multiple of this, so that few shapes are compiled. */
const ANSWER_BUCKET = 4;

export function batchShape(batch: TrainingBatch): BatchShape {
  const { tokens, suffixLengths } = batch;
  const rows = suffixLengths.length;
  const longest = Math.max(...suffixLengths);
  const answer = Math.ceil(longest / ANSWER_BUCKET) * ANSWER_BUCKET;
  return { rows, text: tokens.length / rows, answer, image: imageInputOf(batch) };
}

export function countAnswerTokens(batches: readonly TrainingBatch[]): number {
  return batches.reduce((total, { suffixLengths }) => total + suffixLengths.reduce((n, length) => n + length, 0), 0);
}

/** The inputs of the loss graph for a micro-batch of an optimiser step with `answerTokens` answer tokens in all. */
export function lossFeeds(batch: TrainingBatch, answerTokens: number, config: PaliGemmaConfig): Tensors {
  const imageTokens = numImageTokens(config.vision);
  const { tokens, prefixLengths, suffixLengths } = batch;
  const { rows: b, text, answer } = batchShape(batch);
  const rows = new Int32Array(b * answer);
  const labels = new Int32Array(b * answer);
  const labelWeights = new Float32Array(b * answer);
  for (let row = 0; row < b; row++) {
    const prefix = prefixLengths[row]!;
    for (let i = 0; i < suffixLengths[row]!; i++) {
      const at = row * answer + i;
      rows[at] = imageTokens + prefix + i - 1; // the place before the token predicts it
      labels[at] = tokens[row * text + prefix + i]!;
      labelWeights[at] = 1 / answerTokens;
    }
  }
  return {
    ...feedImages(batch, b, config),
    tokens: tensor("i32", [b, text], tokens),
    prefixLengths: tensor(
      "i32",
      [b],
      prefixLengths.map((length) => imageTokens + length),
    ),
    rows: tensor("i32", [b, answer], rows),
    labels: tensor("i32", [b, answer], labels),
    labelWeights: tensor("f32", [b, answer], labelWeights),
  };
}

/**
 * Noise bytes for every dropout input of a graph. A function of seed, step and micro-batch alone: a resumed run draws what
 * the undisturbed one would have, and no generator's state has to be kept.
 */
export function dropoutNoise(graph: Graph, seed: number, step: number, micro: number): Tensors {
  const noise = [...graph.inputs].filter(([, { dtype }]) => dtype === "u8");
  return Object.fromEntries(
    noise.map(([name, { shape }]) => {
      const bytes = new Uint8Array(sizeOf(shape));
      random(seed, `dropout ${step} ${micro} ${name}`).bytes(bytes);
      return [name, tensor("u8", shape, bytes)];
    }),
  );
}
