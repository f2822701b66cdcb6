import type { Tensors } from "../engine/engine.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { PaliGemmaConfig } from "./config.ts";
import { parametersOf } from "./lora.ts";
import { paligemmaParameters } from "./paligemma.ts";
import type { Preprocessor } from "./preprocessor.ts";
import { storedTensors } from "./weight-blocks.ts";

/** A frozen base model in memory. */
export interface Model {
  readonly folder: string;
  readonly config: PaliGemmaConfig;
  readonly preprocessor: Preprocessor;
  /** Of the weights, but for those that are in blocks (`config.blocks`). */
  readonly dtype: "f32" | "f16";
  /** Every weight by its hub-original name; of one in blocks their bytes and scales. */
  readonly weights: Tensors;
}

/**
 * Reads a Hugging Face folder of PaliGemma, whichever type its weights are stored in; what is in blocks stays so.
 * @throws InputError naming the file and tensor that is missing, broken or of another shape
 */
export async function loadModel(folder: string, dtype: "f32" | "f16"): Promise<Model> {
  await using checkpoint = await openCheckpoint(folder);
  return await readModel(checkpoint, dtype);
}

/**
 * The same of a folder that is open. All weights are asked for at once: those in line are read even while this thread is busy.
 * @throws InputError as {@link loadModel}
 */
export async function readModel(checkpoint: Checkpoint, dtype: "f32" | "f16"): Promise<Model> {
  const { folder, config, preprocessor } = checkpoint;
  const parameters = parametersOf(paligemmaParameters(config));
  checkpoint.check(parameters);
  const weights = await Promise.all(
    parameters.flatMap(storedTensors).map(async (stored) => {
      return [stored.name, await checkpoint.readStored(stored, dtype)] as const;
    }),
  );
  return { folder, config, preprocessor, dtype, weights: Object.fromEntries(weights) };
}
