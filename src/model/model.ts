import type { Tensors } from "../engine/engine.ts";
import { limitConcurrency } from "../util/concurrency.ts";
import { openCheckpoint } from "./checkpoint.ts";
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

/** Weights that are read at a time: while one is looked through or converted, the next come from the disk. */
const READS = 3;

/**
 * Reads a Hugging Face folder of PaliGemma, whichever type its weights are stored in; what is in blocks stays so.
 * @throws InputError naming the file and tensor that is missing, broken or of another shape
 */
export async function loadModel(folder: string, dtype: "f32" | "f16"): Promise<Model> {
  const checkpoint = await openCheckpoint(folder);
  try {
    const parameters = parametersOf(paligemmaParameters(checkpoint.config));
    checkpoint.check(parameters);
    const inTurn = limitConcurrency(READS);
    const weights = await Promise.all(
      parameters.flatMap(storedTensors).map(async (stored) => {
        return [stored.name, await inTurn(() => checkpoint.readStored(stored, dtype))] as const;
      }),
    );
    const { config, preprocessor } = checkpoint;
    return { folder, config, preprocessor, dtype, weights: Object.fromEntries(weights) };
  } finally {
    await checkpoint.close();
  }
}
