import { existsSync } from "node:fs";
import { join } from "node:path";
import { resolveAsset } from "../config/presets.ts";
import { f32ToF16 } from "../formats/half.ts";
import { encodeSafetensors } from "../formats/safetensors-write.ts";
import { readCompanions, writeCompanions } from "../model/companions.ts";
import { initWeight } from "../model/init-weights.ts";
import type { Parameter } from "../model/layers.ts";
import { parametersOf } from "../model/lora.ts";
import { readModelConfig } from "../model/model-config.ts";
import { paligemmaParameters } from "../model/paligemma.ts";
import { InputError } from "../util/errors.ts";
import { makeOutputFolder, writeFileAtomic } from "../util/files.ts";
import { random } from "../util/random.ts";
import { sizeOf, type Tensor, tensor } from "../util/tensor.ts";

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
  const shards = cutShards(parameters, dtype === "fp16" ? 2 : 4);
  const places: Record<string, string> = {};
  for (const [i, shard] of shards.entries()) {
    const name = shards.length === 1 ? "model.safetensors" : shardName(i, shards.length);
    const weights = new Map<string, Tensor>();
    for (const parameter of shard) {
      weights.set(parameter.name, drawWeight(parameter, options));
      places[parameter.name] = name;
    }
    await writeFileAtomic(join(output, name), encodeSafetensors(weights));
  }
  const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (shards.length > 1) {
    const index = { metadata: { total_size: numbers * (dtype === "fp16" ? 2 : 4) }, weight_map: places };
    await writeFileAtomic(join(output, "model.safetensors.index.json"), `${JSON.stringify(index, null, 2)}\n`);
  }
  const names = await writeCompanions(await readCompanions(like), output);
  return { folder: output, parameters: numbers, files: [...new Set(Object.values(places)), ...names] };
}

function drawWeight(parameter: Parameter, { seed, range, dtype }: InitModelOptions): Tensor {
  const numbers = initWeight(parameter, random(seed, `weight ${parameter.name}`), range);
  const { shape } = parameter;
  return dtype === "fp16" ? tensor("f16", shape, f32ToF16(numbers)) : tensor("f32", shape, numbers);
}

function cutShards(parameters: readonly Parameter[], width: number): Parameter[][] {
  const shards: Parameter[][] = [[]];
  let bytes = 0;
  for (const parameter of parameters) {
    const size = width * sizeOf(parameter.shape);
    if (bytes > 0 && bytes + size > SHARD) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(parameter);
    bytes += size;
  }
  return shards;
}

const digits = (n: number) => `${n}`.padStart(5, "0");
const shardName = (i: number, of: number) => `model-${digits(i + 1)}-of-${digits(of)}.safetensors`;
