import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Answer, parseAnswer } from "../challenge/answer.ts";
import { ENTITIES, type Entity, isEntity } from "../challenge/entities.ts";
import { parseConfig } from "../config/load.ts";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { BadRowError } from "../data/bad-rows.ts";
import type { ImageSource } from "../data/image-file.ts";
import { normalisePixels, openPixelReader } from "../data/pixels.ts";
import { fillPrompt } from "../data/prompt.ts";
import { padPrompt } from "../data/questions-by-length.ts";
import { encodePrompt } from "../data/tokenize.ts";
import { loadTokenizer, type Tokenizer } from "../data/tokenizer.ts";
import { readJson } from "../formats/json.ts";
import { answerQuestions } from "../infer/answer-rows.ts";
import { graphReader } from "../infer/graph-reader.ts";
import { onnxReader } from "../infer/onnx-reader.ts";
import type { Reader } from "../infer/reader.ts";
import { CONFIG } from "../model/companions.ts";
import { readModelConfig } from "../model/model-config.ts";
import { ONNX_DTYPES, type OnnxDtype, onnxFile } from "../model/onnx-layout.ts";
import { type Preprocessor, readPreprocessor } from "../model/preprocessor.ts";
import { openRun } from "../runs/folder.ts";
import { limitConcurrency } from "../util/concurrency.ts";
import { cut } from "../util/cut.ts";
import { InputError, ifValid } from "../util/errors.ts";
import { suggestName } from "../util/near-name.ts";
import { requireOneOf } from "../util/one-of.ts";
import { findOptions, openReaders, type Readers } from "./answerer.ts";
import { type Base, loadBase } from "./base.ts";
import { openRunModel } from "./run-model.ts";
import { startTuned } from "./tuned.ts";

export interface LoadOptions {
  /** Of a run: unless told otherwise best, or last while there is no best. */
  readonly checkpoint?: "best" | "last";
  /** Of an ONNX folder: which of its files; by default the most exact that is there. */
  readonly dtype?: OnnxDtype;
  /** Settings to change, as `decode.constrain=units`. */
  readonly sets?: readonly string[];
}

/** What was read off an image. */
export interface ImageAnswer {
  /** In the model's words, such as `34 gram`. */
  readonly text: string;
  /** Number and unit, where the text has the challenge's form. */
  readonly value: Answer | null;
  /** The model's probability of the text, 0 to 1. */
  readonly confidence: number;
}

/** An image: where its file is, or what is in it. */
export type Image = string | URL | Uint8Array | ArrayBuffer;

/** A model that answers questions about images, one after the other in the order in which they are asked. */
export interface LoadedModel {
  /** @throws InputError when the image cannot be read, there is no such entity, or the model has been released */
  answer(image: Image, entity: Entity): Promise<ImageAnswer>;
  /** Several questions about one image, which is looked at once. */
  answerAll<E extends Entity>(image: Image, entities: readonly E[]): Promise<Record<E, ImageAnswer>>;
  /** Gives its memory back once what was asked before is answered. The second call waits for the first. */
  release(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A reader with what it takes to ask it. */
interface Loaded {
  readonly config: Config;
  readonly tokenizer: Tokenizer;
  readonly preprocessor: Preprocessor;
  readonly reader: Reader;
  readonly release: () => Promise<void>;
}

/**
 * Loads what answers: a run by name or path, a folder that `amlc export onnx` wrote, or a Hugging Face folder of PaliGemma.
 * It answers as `amlc predict` does, but for `decode.min_confidence`: no answer is left blank, its confidence is there to judge.
 * @throws InputError when it is none of these, or something of it is missing
 */
export async function load(path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const { config, tokenizer, preprocessor, reader, release } = await open(path, options);
  const pixels = openPixelReader({ imageSize: preprocessor.imageSize });
  const answering = findOptions(config, tokenizer);

  const inTurn = limitConcurrency(1);
  let released: Promise<void> | undefined;
  const whileHere = <T>(task: () => Promise<T>): Promise<T> => {
    if (!released) return inTurn(task);
    return Promise.reject(
      new InputError("the model has been released", { hint: "load it again, or release it later" }),
    );
  };
  const giveBack = async () => void (await Promise.all([release(), pixels.close()]));

  async function look(image: Image): Promise<Float32Array> {
    const planes = await pixels.read(toSource(image)).catch((error: unknown) => {
      throw error instanceof BadRowError ? new InputError(error.message) : error;
    });
    const [features] = await reader.look([normalisePixels([planes], preprocessor)]);
    return features!;
  }

  async function ask(features: Float32Array, entity: Entity): Promise<ImageAnswer> {
    if (!isEntity(entity)) {
      throw new InputError(`there is no entity "${entity}"`, { hint: suggestName(String(entity), ENTITIES) });
    }
    const prefix = encodePrompt(tokenizer, fillPrompt(config.data.prompt, entity));
    const question = { features, entity, ...padPrompt({ prefix }, tokenizer.padId) };
    const [[best]] = (await answerQuestions(reader, [question], answering)) as [[{ text: string; confidence: number }]];
    return { ...best, value: ifValid(() => parseAnswer(best.text)) ?? null };
  }

  const model: LoadedModel = {
    answer: (image, entity) => whileHere(async () => ask(await look(image), entity)),
    answerAll: (image, entities) =>
      whileHere(async () => {
        const features = await look(image);
        const answers: Record<string, ImageAnswer> = {};
        for (const entity of entities) answers[entity] = await ask(features, entity);
        return answers;
      }),
    release() {
      released ??= inTurn(giveBack);
      return released;
    },
    [Symbol.asyncDispose]: () => model.release(),
  };
  return model;
}

/** No path of a system is longer. */
const LONGEST_PATH = 4096;

/** Programs without types give anything. @throws InputError */
function toSource(image: Image): ImageSource {
  if (image instanceof ArrayBuffer) return new Uint8Array(image);
  if (image instanceof URL && image.protocol === "file:") return fileURLToPath(image);
  if (image instanceof Uint8Array || (typeof image === "string" && image.length <= LONGEST_PATH)) return image;
  const found = typeof image === "string" ? `a text of ${image.length} letters` : cut(String(image), 100);
  throw new InputError(`an image is a file's path or its bytes, not ${found}`, {
    hint: 'give a path, a file: URL, a Buffer, a Uint8Array or an ArrayBuffer; Buffer.from(text, "base64") reads base64',
  });
}

const OPTIONS: Readonly<Record<keyof LoadOptions, true>> = { checkpoint: true, dtype: true, sets: true };

/** Programs without types give anything. @throws InputError */
function checkOptions(path: unknown, options: LoadOptions): void {
  if (typeof path !== "string") throw new InputError(`a model is named by a path, not ${path}`);
  for (const name of Object.keys(options)) requireOneOf("option", name, Object.keys(OPTIONS));
}

async function open(path: string, options: LoadOptions): Promise<Loaded> {
  checkOptions(path, options);
  const folder = resolveAsset(path);
  const { checkpoint, dtype, sets } = options;
  const isOnnx = ONNX_DTYPES.some((each) => existsSync(join(folder, onnxFile("decoder_model_merged", each))));
  const isRun = !isOnnx && !existsSync(join(folder, CONFIG));
  if (isRun) requireRun(path);
  if (dtype !== undefined && !isOnnx) {
    throw new InputError(`dtype: "${dtype}" is of an ONNX folder, and ${path} is none`, {
      hint: 'weights of another are in half precision with sets: ["engine.weights=fp16"]',
    });
  }
  if (checkpoint !== undefined && !isRun) {
    throw new InputError(`checkpoint: "${checkpoint}" is of a run, and ${path} is none`, { hint: "leave it out" });
  }
  if (isOnnx) return openOnnx(folder, options);
  if (!isRun) return openFolder(folder, options);
  const source = { run: path, ...(checkpoint && { checkpoint }), ...(sets && { sets }) };
  const { config, base, trained } = await openRunModel(source);
  return loadedFrom(config, base, openReaders(base, trained));
}

/** @throws InputError naming all that can be loaded */
function requireRun(path: string): void {
  try {
    openRun(path);
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    const kinds = "no run (config.yaml), no folder of amlc export onnx (onnx/), no Hugging Face folder (config.json)";
    throw new InputError(`${path}: there is ${kinds}`, {
      ...(cause.hint !== undefined && { hint: cause.hint }),
      cause,
    });
  }
}

/** What an engine reads with a base. */
function loadedFrom(config: Config, { tokenizer, model }: Base, { with: readWith, release }: Readers): Loaded {
  return { ...{ config, tokenizer, preprocessor: model.preprocessor }, ...{ reader: readWith(), release } };
}

/** The settings of an exported model: those that it was trained to be asked with. */
const exportSchema = z.looseObject({
  asked: z
    .looseObject({
      ...{ prompt: z.string(), max_new_tokens: z.int() },
      ...{ constrain: z.string().default("off"), n_best: z.int().default(1) },
    })
    .optional(),
});

async function configOf(folder: string, { sets = [] }: LoadOptions): Promise<Config> {
  const report = join(folder, "export.json");
  const asked = existsSync(report) ? (await readJson(report, exportSchema)).asked : undefined;
  const data = { train: "none", images: "none", ...(asked && { prompt: asked.prompt }) };
  const evaluation = asked ? { max_new_tokens: asked.max_new_tokens } : {};
  const decode = asked ? { constrain: asked.constrain, n_best: asked.n_best } : {};
  return parseConfig({ base: folder, data, eval: evaluation, decode }, undefined, sets);
}

async function openOnnx(folder: string, options: LoadOptions): Promise<Loaded> {
  const there = ONNX_DTYPES.filter((dtype) => existsSync(join(folder, onnxFile("decoder_model_merged", dtype))));
  const { dtype = there[0]! } = options;
  requireOneOf("dtype", dtype, ONNX_DTYPES);
  if (!there.includes(dtype)) {
    throw new InputError(`${folder}: has no ${onnxFile("decoder_model_merged", dtype)}`, {
      hint: `it holds ${there.join(", ")}; amlc export onnx --dtype ${dtype} writes it`,
    });
  }
  const [config, model, tokenizer] = await Promise.all([
    configOf(folder, options),
    readModelConfig(folder),
    loadTokenizer(folder),
  ]);
  const preprocessor = await readPreprocessor(folder, model.vision);
  const { providers, threads } = config.engine;
  const reader = await onnxReader(folder, dtype, model, { providers: [...providers], threads });
  return { config, tokenizer, preprocessor, reader, release: reader.release };
}

async function openFolder(folder: string, options: LoadOptions): Promise<Loaded> {
  const config = await configOf(folder, options);
  const base = await loadBase(config);
  // A fresh adapter adds nothing to an answer, and two products a layer to its time.
  const isBare = config.lora.init_adapter === null;
  return loadedFrom(config, base, isBare ? bareReaders(base) : openReaders(base, await startTuned(config, base)));
}

/** Reads with a base as it is. */
function bareReaders({ engine, model }: Base): Readers {
  const graphs = graphReader(engine, model);
  return { with: () => graphs.with({}), release: graphs.release };
}
