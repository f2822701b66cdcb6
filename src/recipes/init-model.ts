import { existsSync } from "node:fs";
import { join } from "node:path";
import { resolveAsset } from "../config/presets.ts";
import { f32ToF16 } from "../formats/half.ts";
import { readCompanions, writeCompanions } from "../model/companions.ts";
import { initWeight } from "../model/init-weights.ts";
import type { Parameter } from "../model/layers.ts";
import { parametersOf } from "../model/lora.ts";
import { readModelConfig } from "../model/model-config.ts";
import { paligemmaParameters } from "../model/paligemma.ts";
import { writeShards } from "../model/write-shards.ts";
import { InputError } from "../util/errors.ts";
import { makeOutputFolder } from "../util/files.ts";
import { random } from "../util/random.ts";
import { sizeOf } from "../util/tensor.ts";

export interface InitModelOptions {
  /** Folder with the configuration, tokenizer and preprocessor of the model to make. */
  readonly like: string;
  readonly output: string;
  readonly seed: number;
  readonly dtype: "fp32" | "fp16";
  /** Standard deviation of Gemma's matrices; hers is 0.02. */
  readonly range: number;
}

export interface InitModelReport {
  readonly folder: string;
  readonly parameters: number;
  readonly files: readonly string[];
}

/** Bytes of a file of weights at most. */
const SHARD = 2 ** 30;

/**
 * Writes a base with random weights, as transformers starts them: right shapes and statistics, and nothing learnt. Each
 * weight is a stream of its own, so equal seeds give equal files. The configuration is written last: until then the
 * folder is no model.
 * @throws InputError when the output is there already, or the configuration is none of a PaliGemma
 */
export async function initModel(options: InitModelOptions): Promise<InitModelReport> {
  const { output, dtype } = options;
  const like = resolveAsset(options.like);
  const parameters = parametersOf(paligemmaParameters(await readModelConfig(like)));
  if (existsSync(join(output, "config.json"))) {
    throw new InputError(`${output}: there is a model already`, { hint: "choose another --output" });
  }
  await makeOutputFolder(output);
  const width = dtype === "fp16" ? 2 : 4;
  const shards = await writeShards(output, parameters, {
    ...{ dtype: dtype === "fp16" ? "F16" : "F32", width, shardBytes: SHARD },
    bytesOf: async (parameter) => drawWeight(parameter, options),
  });
  const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const names = await writeCompanions(await readCompanions(like), output);
  return { folder: output, parameters: numbers, files: [...shards, ...names] };
}

function drawWeight(parameter: Parameter, { seed, range, dtype }: InitModelOptions): Uint8Array {
  const drawn = initWeight(parameter, random(seed, `weight ${parameter.name}`), range);
  const numbers = dtype === "fp16" ? f32ToF16(drawn) : drawn;
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
