import { setImmediate as breathe } from "node:timers/promises";
import type { Tensors } from "../engine/engine.ts";
import { roundTurned } from "../formats/rounded-rows.ts";
import { INT8_REST_PARTS, INT8_WEIGHT_LIMIT } from "../graph/ops/index.ts";
import { InputError } from "../util/errors.ts";
import { type Tensor, tensor } from "../util/tensor.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { PaliGemmaConfig } from "./config.ts";
import type { Parameter } from "./layers.ts";
import { parametersOf } from "./lora.ts";
import { paligemmaParameters } from "./paligemma.ts";
import type { Preprocessor } from "./preprocessor.ts";
import { int8Parts, storedTensors } from "./weight-blocks.ts";
import { startSample } from "./weight-sample.ts";

/** A frozen base model in memory. */
export interface Model {
  readonly folder: string;
  readonly config: PaliGemmaConfig;
  readonly preprocessor: Preprocessor;
  /** Of the weights, but for those that are in blocks (`config.blocks`) or in whole numbers (`config.int8`). */
  readonly dtype: "f32" | "f16";
  /** Every weight by its hub-original name; of one in blocks or whole numbers these and their scales. */
  readonly weights: Tensors;
  /** Numbers by which the base is known again, whatever its weights are in memory (weight-sample.ts). */
  readonly sample: string;
}

/**
 * A type of frozen weights in memory; i8 and i8x2: matrices of linear layers are in whole numbers, one or two for each number, all
 * else in halves.
 */
export type WeightDType = "f32" | "f16" | "i8" | "i8x2";

/**
 * A model as it is in memory when its weights are of a type.
 * @throws InputError when they are in blocks, and are to be in whole numbers
 */
export function declareIn({ int8: _, ...config }: PaliGemmaConfig, as: WeightDType): Pick<Model, "config" | "dtype"> {
  if (as !== "i8" && as !== "i8x2") return { config, dtype: as };
  const int8 = as === "i8" ? 1 : 2;
  if (!config.blocks) return { config: { ...config, int8 }, dtype: "f16" };
  const found = `this one is in ${config.blocks.bits} bits`;
  const name = int8 === 1 ? "int8" : "int8x2";
  throw new InputError(`engine.weights: ${name} wants a base whose weights are whole, and ${found}`, {
    hint: "set engine.weights to fp16, or name the base that it was made from",
  });
}

/**
 * Reads a Hugging Face folder of PaliGemma, whichever type its weights are stored in; what is in blocks stays so.
 * @throws InputError naming the file and tensor that is missing, broken or of another shape
 */
export async function loadModel(folder: string, as: WeightDType): Promise<Model> {
  await using checkpoint = await openCheckpoint(folder);
  return await readModel(checkpoint, as);
}

/**
 * The same of a folder that is open. All weights are asked for at once: those in line are read even while this thread is busy.
 * @throws InputError as {@link loadModel}
 */
export async function readModel(checkpoint: Checkpoint, as: WeightDType): Promise<Model> {
  const { folder, preprocessor } = checkpoint;
  checkpoint.check(parametersOf(paligemmaParameters(checkpoint.config)));
  const { config, dtype } = declareIn(checkpoint.config, as);
  const parameters = parametersOf(paligemmaParameters(config));
  const sample = startSample(parameters.flatMap(storedTensors));
  const weights = await Promise.all(
    parameters
      .filter(({ int8 }) => !int8)
      .flatMap(storedTensors)
      .map(async (stored): Promise<[string, Tensor]> => [stored.name, await checkpoint.readStored(stored, dtype)]),
  );
  for (const [name, tensor] of weights) sample.take(name, tensor);
  for (const parameter of parameters) {
    if (!parameter.int8) continue;
    const matrix = await checkpoint.read(parameter.name, parameter.shape, "f32");
    sample.take(parameter.name, matrix);
    await breathe();
    weights.push(...roundParts(matrix, parameter));
  }
  return { folder, config, preprocessor, dtype, weights: Object.fromEntries(weights), sample: sample.text() };
}

/** A matrix in whole numbers, by name. */
function roundParts(matrix: Tensor<"f32">, parameter: Parameter): [string, Tensor][] {
  return int8Parts(parameter).flatMap(({ names, from, shape }) => {
    const restParts = parameter.int8 === 2 ? INT8_REST_PARTS : undefined;
    const { rounded, scales, rest } = roundTurned(windowOf(matrix, from, shape), INT8_WEIGHT_LIMIT, restParts);
    return Object.entries({ [names.int8]: rounded, [names.scales]: scales, ...(rest && { [names.rest]: rest }) });
  });
}

/** So many rows and columns of a matrix [N,K] from one on; whole rows are not copied. */
function windowOf(
  { shape: [, width], data }: Tensor<"f32">,
  [top, left]: readonly [number, number],
  [rows, columns]: readonly [number, number],
): Tensor<"f32"> {
  if (columns === width) return tensor("f32", [rows, columns], data.subarray(top * width, (top + rows) * width));
  const window = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const start = (top + i) * width! + left;
    window.set(data.subarray(start, start + columns), i * columns);
  }
  return tensor("f32", [rows, columns], window);
}
