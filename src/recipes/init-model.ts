import { resolveAsset } from "../config/presets.ts";
import { CONFIG, readCompanions, refuseModel, withDtype, writeCompanions } from "../model/companions.ts";
import { requireHubBase } from "../model/hub-base.ts";
import { parametersOf } from "../model/lora.ts";
import { readModelConfig } from "../model/model-config.ts";
import { paligemmaParameters } from "../model/paligemma.ts";
import { readPaligemmaTokenizer } from "../model/paligemma-tokenizer.ts";
import { readPreprocessor } from "../model/preprocessor.ts";
import type { DrawnType } from "../model/weight-piece.ts";
import { startWeightThreads } from "../model/weight-threads.ts";
import { writeShards } from "../model/write-shards.ts";
import { requireFreeDisk } from "../util/free-disk.ts";
import { sizeOf } from "../util/tensor.ts";
import { writeWholeFolder } from "../util/whole-folder.ts";

export interface InitModelOptions {
  /** Folder with the configuration, tokenizer and preprocessor of the model to make; or the name of a PaliGemma-3B on the hub. */
  readonly like: string;
  readonly output: string;
  readonly seed: number;
  /** By default fp16 for a name on the hub, whose model has 2.9 billion numbers, and fp32 for a folder. */
  readonly dtype?: DrawnType;
  /** Standard deviation of Gemma's matrices, 1000 at most; hers is 0.02. */
  readonly range: number;
  /** tokenizer.json of Gemma or PaliGemma, in the place of the folder's or the installed one. */
  readonly tokenizer?: string;
  /** Told of the bytes of weights that are drawn, of all. */
  readonly onDrawn?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface InitModelReport {
  readonly folder: string;
  readonly parameters: number;
  readonly dtype: DrawnType;
  /** Of the weights. */
  readonly bytes: number;
  readonly files: readonly string[];
}

/** Bytes of a file of weights at most. */
const SHARD = 2 ** 30;

/**
 * Writes a base with random weights, as transformers starts them: right shapes and statistics, and nothing learnt. Each
 * weight is a stream of its own, so equal seeds give equal files. The folder appears when all is there.
 * @throws InputError when the output is there already, the configuration is none of a PaliGemma, or its preprocessor is for
 * images of another size, there is no tokenizer, or the disk has no room; InterruptedError
 */
export async function initModel(options: InitModelOptions): Promise<InitModelReport> {
  const { output, seed, range, signal } = options;
  const hub = requireHubBase(options.like);
  const like = hub?.folder ?? resolveAsset(options.like);
  const dtype = options.dtype ?? (hub ? "fp16" : "fp32");
  const config = await readModelConfig(like);
  await readPreprocessor(like, config.vision); // who loads the model will
  const parameters = parametersOf(paligemmaParameters(config));
  const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  refuseModel(output);
  const width = dtype === "fp16" ? 2 : 4;
  const bytes = width * numbers;
  await requireFreeDisk(output, bytes);
  const companions = await readCompanions(like);
  companions[CONFIG] = withDtype(companions[CONFIG]!, dtype === "fp16" ? "float16" : "float32");
  if (hub || options.tokenizer !== undefined) {
    companions["tokenizer.json"] = await readPaligemmaTokenizer(options.tokenizer, config);
  }
  let done = 0;
  const onDrawn = (drawn: number) => {
    done += drawn;
    options.onDrawn?.(done, bytes);
  };
  const write = async (fresh: string) => {
    await using drawer = startWeightThreads(numbers, { seed, range, dtype, onDrawn, ...(signal && { signal }) });
    const shards = await writeShards(fresh, parameters, {
      ...{ dtype: dtype === "fp16" ? "F16" : "F32", width, shardBytes: SHARD },
      bytesOf: (parameter) => drawer.draw(parameter),
    });
    return [...shards, ...(await writeCompanions(companions, fresh))];
  };
  const files = await writeWholeFolder(output, CONFIG, write, signal);
  return { folder: output, parameters: numbers, dtype, bytes, files };
}
