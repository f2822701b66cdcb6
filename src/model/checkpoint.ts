import { stat } from "node:fs/promises";
import { dequantizeBlocks } from "../formats/blockwise.ts";
import { f32ToF16 } from "../formats/half.ts";
import type { StoredDType } from "../formats/safetensors-header.ts";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import { type Shape, type Tensor, tensor } from "../util/tensor.ts";
import type { PaliGemmaConfig } from "./config.ts";
import { requireFinite } from "./finite.ts";
import type { Parameter } from "./layers.ts";
import { parametersOf } from "./lora.ts";
import { readModelConfig } from "./model-config.ts";
import { paligemmaParameters } from "./paligemma.ts";
import { type Preprocessor, readPreprocessor } from "./preprocessor.ts";
import { closeAll, openShards, type Place } from "./shards.ts";
import { requireTiedHead } from "./tied-head.ts";
import { blockNames, type StoredTensor, storedTensors } from "./weight-blocks.ts";
import { canonicalName, isRedundantWeight } from "./weight-names.ts";

/** An open Hugging Face folder: its configuration is read, its weights are read one by one. Whoever opens it closes it. */
export interface Checkpoint extends AsyncDisposable {
  readonly folder: string;
  readonly config: PaliGemmaConfig;
  readonly preprocessor: Preprocessor;
  /**
   * Before anything is read: every weight the model declares is there in its shape, as floats or in the blocks that it is
   * declared in, and no other is. @throws InputError naming files and tensors
   */
  check(weights: readonly Parameter[]): void;
  /**
   * One weight, by its name on the hub; of blocks the numbers that they stand for.
   * @throws InputError when it is missing, of another shape, NaN or infinite.
   */
  read<As extends "f32" | "f16">(name: string, shape: Shape, as: As): Promise<Tensor<As>>;
  /** A tensor as it is kept: numbers in the type that is asked for, bytes and scales of blocks in their own. @throws as `read` */
  readStored(stored: StoredTensor, as: "f32" | "f16"): Promise<Tensor>;
  /** In which type a tensor is stored, by its name on the hub; undefined when there is none. */
  typeOf(name: string): StoredDType | undefined;
  close(): Promise<void>;
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
    const all = files.flatMap((file) => [...file.entries.values()].map((entry) => ({ file, entry })));
    const places = placesOf(folder, all);
    const table = places.get(EMBEDDING);
    if (table) await requireTiedHead(all, table);
    const readStored = (stored: StoredTensor, as: "f32" | "f16") => readTensor(folder, places, stored, as);
    const blocksOf = new Map(
      parametersOf(paligemmaParameters(config)).flatMap(({ name, blocks }) =>
        blocks ? [[name, blocks] as const] : [],
      ),
    );
    return {
      folder,
      config,
      preprocessor,
      check: (weights) => checkWeights(folder, places, weights),
      read: async (name, shape, as) => {
        const blocks = blocksOf.get(name);
        const numbers = blocks
          ? await readBlocks({ name, shape, blocks }, readStored)
          : await readStored({ name, shape, kind: "numbers" }, as);
        return inType(numbers as Tensor<"f32">, as) as Tensor<typeof as>;
      },
      readStored,
      typeOf: (name) => places.get(name)?.entry.dtype,
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
    hint: "name the folder of a PaliGemma checkpoint; amlc model pull fetches one from the hub",
  });
}

const EMBEDDING = "language_model.model.embed_tokens.weight";

/** Weights by their names on the hub. */
function placesOf(folder: string, all: readonly Place[]): ReadonlyMap<string, Place> {
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
  const stored = weights.flatMap(storedTensors);
  const declared = new Set(stored.map(({ name }) => name));
  const extra = [...places].filter(([name]) => !declared.has(name)).map(([, place]) => place);
  const missing = stored.filter(({ name }) => !places.has(name));
  for (const { name, shape } of weights) requireBothParts(places, name, shape);
  if (missing.length > 0) throw missingWeights(folder, missing);
  if (extra.length > 0) throw unknownWeights(folder, extra);
  for (const each of stored) checkPlace(places.get(each.name)!, each);
}

/** Bytes without their scales, or the other way round, are worth more words than a weight that is not there at all. */
function requireBothParts(places: ReadonlyMap<string, Place>, name: string, shape: Shape): void {
  const { packed, scales } = blockNames(name);
  for (const [part, other] of [
    [packed, scales],
    [scales, packed],
  ] as const) {
    const place = places.get(part);
    if (!place || places.has(other)) continue;
    throw new InputError(
      `${whereIs(place)}: is half of the weight [${shape}]; the other half, ${other}, is in no file`,
      {
        hint: "a shard may be missing: write the folder again with amlc model quantize",
      },
    );
  }
}

const FLOATS = ["F32", "F16", "BF16", "F64"];
const TYPES: Readonly<Record<StoredTensor["kind"], readonly string[]>> = {
  numbers: FLOATS,
  packed: ["U8"],
  scales: ["F32"],
};

function checkPlace(place: Place, { shape, kind }: StoredTensor): void {
  const { entry } = place;
  if (entry.shape.length !== shape.length || entry.shape.some((d, i) => d !== shape[i])) {
    throw new InputError(`${whereIs(place)}: is [${entry.shape}], config.json wants [${shape}]`, {
      hint: "config.json and weights are of different models",
    });
  }
  const wanted = TYPES[kind];
  if (wanted.includes(entry.dtype)) return;
  if (kind === "numbers") {
    throw new InputError(`${whereIs(place)}: is of type ${entry.dtype}, weights are ${FLOATS.join(", ")}`, {
      hint: "quantised checkpoints of other tools are not read: name the one they were made from",
    });
  }
  throw new InputError(`${whereIs(place)}: is of type ${entry.dtype}, ${kind} of blocks are ${wanted.join()}`, {
    hint: "write the folder again with amlc model quantize",
  });
}

async function readTensor(
  folder: string,
  places: ReadonlyMap<string, Place>,
  stored: StoredTensor,
  as: "f32" | "f16",
): Promise<Tensor> {
  const place = places.get(stored.name);
  if (!place) throw missingWeights(folder, [stored]);
  checkPlace(place, stored);
  if (stored.kind === "packed") return place.file.readTensor(place.entry, "stored");
  const numbers = await place.file.readTensor(place.entry, stored.kind === "scales" ? "f32" : as);
  requireFinite(whereIs(place), numbers as Tensor<"f32"> | Tensor<"f16">);
  return numbers;
}

/** The matrix in float32 that blocks stand for. */
async function readBlocks(
  { name, shape, blocks }: Required<Pick<Parameter, "name" | "shape" | "blocks">>,
  readStored: Checkpoint["readStored"],
): Promise<Tensor<"f32">> {
  const [packed, scales] = storedTensors({ name, shape, blocks });
  const found = {
    packed: (await readStored(packed!, "f32")).data as Uint8Array,
    scales: (await readStored(scales!, "f32")).data as Float32Array,
  };
  return dequantizeBlocks(found, shape as [number, number], blocks);
}

const inType = (numbers: Tensor<"f32">, as: "f32" | "f16"): Tensor =>
  as === "f16" && numbers.dtype === "f32" ? tensor("f16", numbers.shape, f32ToF16(numbers.data)) : numbers;

const whereIs = ({ file, entry }: Place) => `${file.path}: ${entry.name}`;

function missingWeights(folder: string, weights: readonly Pick<StoredTensor, "name" | "shape">[]): InputError {
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
