import { setImmediate as nextTurn } from "node:timers/promises";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { makeTokenizer, readTokenizerFiles, type Tokenizer } from "../data/tokenizer.ts";
import { createEngine } from "../engine/create.ts";
import type { Engine } from "../engine/engine.ts";
import { matchAdapter, readAdapter } from "../model/adapter-files.ts";
import { openCheckpoint } from "../model/checkpoint.ts";
import { type Adapter, initAdapter, type LoraBinding, type LoraConfig, loraModules, loraScale } from "../model/lora.ts";
import { type Model, readModel } from "../model/model.ts";
import { paligemmaParameters } from "../model/paligemma.ts";
import { InputError } from "../util/errors.ts";
import { random } from "../util/random.ts";

/** A frozen model with what it takes to run it. */
export interface Base {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly engine: Engine;
}

/** What weights of a type of the configuration are in memory. */
export const WEIGHT_DTYPES = { fp32: "f32", fp16: "f16", int8: "i8", int8x2: "i8x2" } as const;

/** @throws InputError naming what is missing or broken in the folder of `config.base` */
export async function loadBase(config: Pick<Config, "base" | "engine">): Promise<Base> {
  const folder = resolveAsset(config.base);
  await using checkpoint = await openCheckpoint(folder);
  const files = await readTokenizerFiles(folder);
  const engine = await createEngine(config.engine);
  const [model, tokenizer] = await Promise.all([
    readModel(checkpoint, WEIGHT_DTYPES[config.engine.weights]),
    nextTurn().then(() => makeTokenizer(files)), // by then the weights are in line to be read
  ]);
  const { padTokenId, bosTokenId, eosTokenId, imageTokenId } = model.config;
  if (tokenizer.bosId !== bosTokenId || tokenizer.eosId !== eosTokenId) {
    throw new InputError(
      `${folder}: tokenizer.json has <bos> ${tokenizer.bosId} and <eos> ${tokenizer.eosId}, config.json ${bosTokenId} and ${eosTokenId} (pad ${padTokenId})`,
      { hint: "tokenizer and weights must be of one checkpoint" },
    );
  }
  const { vocabSize } = model.config.text;
  const largest = tokenizer.largestId(imageTokenId); // in its place stand features
  if (largest >= vocabSize) {
    throw new InputError(
      `${folder}: tokenizer.json has tokens up to ${largest}, config.json's text_config.vocab_size is ${vocabSize}: the last must be ${vocabSize - 1}`,
      {
        hint: "tokenizer and weights must be of one checkpoint; for tokens that were added: model.resize_token_embeddings in transformers",
      },
    );
  }
  return { model, tokenizer, engine };
}

export function loraConfigOf({ lora }: Pick<Config, "lora">): LoraConfig {
  return {
    rank: lora.rank,
    alpha: lora.alpha,
    rslora: lora.rslora,
    dropout: lora.dropout,
    targets: lora.targets,
    exclude: lora.exclude,
  };
}

/** The arithmetic of an adapter on a model. @throws InputError when a target names no layer */
export function bindLora(lora: LoraConfig, { config }: Pick<Model, "config">): LoraBinding {
  const modules = loraModules(paligemmaParameters(config), lora);
  return { modules, rank: lora.rank, scale: loraScale(lora), dropout: lora.dropout };
}

/** The adapter that training starts from: `lora.init_adapter`, or a fresh one by the seed. */
export async function startingAdapter(config: Config, binding: LoraBinding): Promise<Adapter> {
  const folder = config.lora.init_adapter;
  if (folder === null) return initAdapter(binding.modules, binding.rank, random(config.train.seed, "adapter"));
  const saved = await readAdapter(resolveAsset(folder));
  requireSameLora(folder, saved.config, config, ["rank", "alpha", "rslora"], "start without lora.init_adapter");
  matchAdapter(folder, saved.weights, binding.modules);
  return saved.weights;
}

/** Of an adapter's settings, those that stand as one number or word. `otherwise` ends the hint to set them as they were. */
export function requireSameLora(
  folder: string,
  saved: LoraConfig,
  { lora: wanted }: Pick<Config, "lora">,
  keys: readonly ("rank" | "alpha" | "rslora" | "dropout")[],
  otherwise: string,
): void {
  const key = keys.find((each) => saved[each] !== wanted[each]);
  if (key === undefined) return;
  throw new InputError(
    `${folder}: this adapter has ${key} ${saved[key]}, the configuration lora.${key} ${wanted[key]}`,
    { hint: `set lora.${key} to ${saved[key]}, or ${otherwise}` },
  );
}
