import { matchAdapter, type SavedAdapter } from "../model/adapter-files.ts";
import { openCheckpoint } from "../model/checkpoint.ts";
import type { Parameter } from "../model/layers.ts";
import { loraModules, loraScale, parametersOf } from "../model/lora.ts";
import { mergeWeight } from "../model/merge.ts";
import { paligemmaParameters } from "../model/paligemma.ts";
import { storedTensors } from "../model/weight-blocks.ts";
import { sampleStored } from "../model/weight-sample.ts";
import type { Tensor } from "../util/tensor.ts";

/** A model's weights in float32, read one at a time. Whoever opens them closes them. */
export interface MergedWeights extends AsyncDisposable {
  /** Where the model's configuration, tokenizer and preprocessor are. */
  readonly folder: string;
  readonly parameters: readonly Parameter[];
  /** W + s·B·A, or W where there is no adapter; of the base's own numbers, however they are stored. */
  read(parameter: Parameter): Promise<Tensor<"f32">>;
  /** Some numbers of the base itself, by which it is known again. */
  sample(): Promise<string>;
}

/** An adapter, and what it is called in errors. */
export interface NamedAdapter {
  readonly source: string;
  readonly saved: SavedAdapter;
}

/**
 * Opens a Hugging Face folder of PaliGemma, with an adapter to be folded in.
 * @throws InputError when the folder is no such model, or the adapter is of another
 */
export async function openMergedWeights(folder: string, adapter?: NamedAdapter): Promise<MergedWeights> {
  const checkpoint = await openCheckpoint(folder);
  try {
    const declared = paligemmaParameters(checkpoint.config);
    const parameters = parametersOf(declared);
    checkpoint.check(parameters);
    if (adapter) matchAdapter(adapter.source, adapter.saved.weights, loraModules(declared, adapter.saved.config));
    return {
      folder,
      parameters,
      async read({ name, shape }) {
        const weight = await checkpoint.read(name, shape, "f32");
        const matrices = adapter?.saved.weights.get(name.replace(/\.weight$/, ""));
        if (!adapter || !matrices) return weight;
        return mergeWeight(weight, matrices.a, matrices.b, loraScale(adapter.saved.config)) as Tensor<"f32">;
      },
      sample: () => sampleStored(parameters.flatMap(storedTensors), (stored) => checkpoint.readStored(stored, "f32")),
      [Symbol.asyncDispose]: () => checkpoint.close(),
    };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}
