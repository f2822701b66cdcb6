import type { Batch } from "../data/batches.ts";
import { PATCH_CHARACTERS } from "../data/characters.ts";
import type { Tensors } from "../engine/engine.ts";
import type { Type } from "../graph/node.ts";
import { numImageTokens, type PaliGemmaConfig } from "../model/config.ts";
import { feedImages, imageInputOf } from "../model/image-input.ts";
import { padLength } from "../util/bucket.ts";
import { random } from "../util/random.ts";
import { sizeOf, type Tensor, tensor } from "../util/tensor.ts";
import { ANSWERS_ALONE, type BatchShape, type Objective } from "./loss-graph.ts";

/** What training reads of a batch: rows with their answers. */
export type TrainingBatch = Pick<
  Batch,
  "pixels" | "features" | "tokens" | "prefixLengths" | "suffixLengths" | "characters"
>;

/**
 * Multiples to which short texts and answers of a row are padded. Each pair of lengths is a program of its own, and on a device
 * with a copy of the weights; behind many image tokens a thirty-second of them more costs less than that.
 */
export function lengthUnits({ vision }: PaliGemmaConfig): { readonly text: number; readonly answer: number } {
  const unit = Math.max(8, Math.ceil(numImageTokens(vision) / 32));
  return { text: unit, answer: Math.ceil(unit / 2) };
}

export function batchShape(batch: TrainingBatch, config: PaliGemmaConfig): BatchShape {
  const { tokens, suffixLengths } = batch;
  const rows = suffixLengths.length;
  const longest = Math.max(...suffixLengths);
  const answer = padLength(longest, lengthUnits(config).answer);
  return { rows, text: tokens.length / rows, answer, image: imageInputOf(batch) };
}

export function countAnswerTokens(batches: readonly TrainingBatch[]): number {
  return batches.reduce((total, { suffixLengths }) => total + suffixLengths.reduce((n, length) => n + length, 0), 0);
}

/** Everything that the loss of a step is a mean over. */
export interface StepCounts {
  readonly answerTokens: number;
  readonly rows: number;
}

export const countStep = (batches: readonly TrainingBatch[]): StepCounts => ({
  answerTokens: countAnswerTokens(batches),
  rows: batches.reduce((n, { suffixLengths }) => n + suffixLengths.length, 0),
});

/** The inputs of the loss graph for a micro-batch of an optimiser step with `counts` in all. */
export function lossFeeds(
  batch: TrainingBatch,
  counts: StepCounts,
  config: PaliGemmaConfig,
  objective: Objective = ANSWERS_ALONE,
): Tensors {
  return {
    ...feedImages(batch, batch.suffixLengths.length, config),
    ...(objective.answers > 0 && answerFeeds(batch, counts.answerTokens, config)),
    ...(objective.characters > 0 && characterFeeds(batch, counts.rows, config)),
  };
}

function characterFeeds({ characters, suffixLengths }: TrainingBatch, rows: number, { vision }: PaliGemmaConfig) {
  const patches = numImageTokens(vision);
  const shape = [suffixLengths.length, patches, PATCH_CHARACTERS];
  return {
    characters: tensor("i32", shape, Int32Array.from(characters!)),
    characterWeight: tensor("f32", [], Float32Array.of(1 / (rows * patches * PATCH_CHARACTERS))),
  };
}

function answerFeeds(batch: TrainingBatch, answerTokens: number, config: PaliGemmaConfig): Tensors {
  const imageTokens = numImageTokens(config.vision);
  const { tokens, prefixLengths, suffixLengths } = batch;
  const { rows: b, text, answer } = batchShape(batch, config);
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
 * Noise bytes for a dropout input. A function of seed, step and micro-batch alone: a resumed run draws what the undisturbed one
 * would have, and no generator's state has to be kept.
 */
export function dropoutNoise(name: string, { shape }: Type, seed: number, step: number, micro: number): Tensor {
  const bytes = new Uint8Array(sizeOf(shape));
  random(seed, `dropout ${step} ${micro} ${name}`).bytes(bytes);
  return tensor("u8", shape, bytes);
}
