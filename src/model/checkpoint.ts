import { stat } from "node:fs/promises";
import type { SafetensorsFile } from "../formats/safetensors.ts";
import type { TensorEntry } from "../formats/safetensors-header.ts";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import type { Shape, Tensor } from "../util/tensor.ts";
import type { PaliGemmaConfig } from "./config.ts";
import { requireFinite } from "./finite.ts";
import type { Parameter } from "./layers.ts";
import { readModelConfig } from "./model-config.ts";
import { type Preprocessor, readPreprocessor } from "./preprocessor.ts";
import { closeAll, openShards } from "./shards.ts";
import { canonicalName, isRedundantWeight } from "./weight-names.ts";

/** An open Hugging Face folder: its configuration is read, its weights are read one by one. Whoever opens it closes it. */
export interface Checkpoint extends AsyncDisposable {
  readonly folder: string;
  readonly config: PaliGemmaConfig;
  readonly preprocessor: Preprocessor;
  /**
   * Before anything is read: every weight the model declares is there in its shape, as floats, and no other is.
   * @throws InputError naming files and tensors
   */
  check(weights: readonly Parameter[]): void;
  /** One weight, by its name on the hub. @throws InputError when it is missing, of another shape, NaN or infinite. */
  read<As extends "f32" | "f16">(name: string, shape: Shape, as: As): Promise<Tensor<As>>;
  close(): Promise<void>;
}

/** A tensor and the file it is in; `entry.name` is the file's own spelling. */
interface Place {
  readonly file: SafetensorsFile;
  readonly entry: TensorEntry;
}

/**
 * Opens a Hugging Face folder of PaliGemma, whichever release of transformers wrote it.
 * @throws InputError naming the file and key that are missing, wrong or not supported
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  await requireFolder(folder);
  const config = await readModelConfig(folder);
  const preprocessor = await readPreprocessor(folder, config.vision);
  const files = await openShards(folder);
  const close = () => closeAll(files);
  try {
    const places = placesOf(folder, files);
    return {
      folder,
      config,
      preprocessor,
      check: (weights) => checkWeights(folder, places, weights),
      read: (name, shape, as) => readWeight(folder, places, { name, shape }, as),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new InputError(`${folder}: ${found ? "is not a folder" : "no such folder"}`, {
    hint: "name the folder of a PaliGemma checkpoint; one from the hub is fetched with: hf download MODEL --local-dir FOLDER",
  });
}

/** Weights by their names on the hub. */
function placesOf(folder: string, files: readonly SafetensorsFile[]): ReadonlyMap<string, Place> {
  const all = files.flatMap((file) => [...file.entries.values()].map((entry) => ({ file, entry })));
  const wanted = all.filter(({ entry }) => !isRedundantWeight(entry.name));
  const foreign = wanted.filter(({ entry }) => canonicalName(entry.name) === undefined);
  if (foreign.length > 0) throw unknownWeights(folder, foreign);
  const places = new Map<string, Place>();
  for (const place of wanted) {
    const name = canonicalName(place.entry.name)!;
    const twin = places.get(name);
    if (twin) throw new InputError(`${folder}: two tensors for one weight: ${whereIs(twin)} and ${whereIs(place)}`);
    places.set(name, place);
  }
  return places;
}

function checkWeights(folder: string, places: ReadonlyMap<string, Place>, weights: readonly Parameter[]): void {
  const declared = new Set(weights.map(({ name }) => name));
  const extra = [...places].filter(([name]) => !declared.has(name)).map(([, place]) => place);
  const missing = weights.filter(({ name }) => !places.has(name));
  if (missing.length > 0) throw missingWeights(folder, missing);
  if (extra.length > 0) throw unknownWeights(folder, extra);
  for (const weight of weights) checkPlace(places.get(weight.name)!, weight.shape);
}

const FLOATS = ["F32", "F16", "BF16", "F64"];

function checkPlace(place: Place, shape: Shape): void {
  const { entry } = place;
  if (entry.shape.length !== shape.length || entry.shape.some((d, i) => d !== shape[i])) {
    throw new InputError(`${whereIs(place)}: is [${entry.shape}], config.json wants [${shape}]`, {
      hint: "config.json and weights are of different models",
    });
  }
  if (!FLOATS.includes(entry.dtype)) {
    throw new InputError(`${whereIs(place)}: is of type ${entry.dtype}, weights are ${FLOATS.join(", ")}`, {
      hint: "quantised checkpoints are not read: name the one they were made from",
    });
  }
}

async function readWeight<As extends "f32" | "f16">(
  folder: string,
  places: ReadonlyMap<string, Place>,
  { name, shape }: Parameter,
  as: As,
): Promise<Tensor<As>> {
  const place = places.get(name);
  if (!place) throw missingWeights(folder, [{ name, shape }]);
  checkPlace(place, shape);
  const weight = await place.file.readTensor(place.entry, as);
  requireFinite(whereIs(place), weight as Tensor<"f32"> | Tensor<"f16">);
  return weight;
}

const whereIs = ({ file, entry }: Place) => `${file.path}: ${entry.name}`;

function missingWeights(folder: string, weights: readonly Parameter[]): InputError {
  const names = weights.map(({ name, shape }) => `${name} [${shape}]`);
  return new InputError(`${folder}: ${names.length} weights are in none of its files: ${few(names)}`, {
    hint: "a shard may be missing, or config.json is of another model",
  });
}

function unknownWeights(folder: string, places: readonly Place[]): InputError {
  return new InputError(`${folder}: ${places.length} tensors are none of this model's: ${few(places.map(whereIs))}`, {
    hint: "config.json and weights must be of one PaliGemma checkpoint; merge an adapter before using it as a base",
  });
}
