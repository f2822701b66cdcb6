import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { type Adapter, type LoraBinding, loraModules, loraScale } from "../../src/model/lora.ts";
import { loadModel, type Model } from "../../src/model/model.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { adapterKey } from "../../src/model/weight-names.ts";
import type { TrainingBatch } from "../../src/train/feeds.ts";
import type { Tensor } from "../../src/util/tensor.ts";

const FOLDER = join(import.meta.dirname, "..", "goldens", "tiny");

/** Numbers of transformers + PEFT + torch for the tiny model; test/goldens/README.md says how they were made. */
export interface TinyGolden {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly scalars: Readonly<Record<string, number & readonly number[]>>;
}

export async function tinyGolden(): Promise<TinyGolden> {
  return {
    tensors: await readSafetensors(join(FOLDER, "golden.safetensors")),
    scalars: JSON.parse(readFileSync(join(FOLDER, "golden.json"), "utf8")),
  };
}

export const tinyModel = (dtype: "f32" | "f16" = "f32"): Promise<Model> => loadModel(join(FOLDER, "model"), dtype);

/** The adapter of the goldens, its B not zero. */
export async function tinyAdapter(model: Model): Promise<Adapter> {
  const tensors = await readSafetensors(join(FOLDER, "adapter", "adapter_model.safetensors"));
  const matrix = (path: string, which: "a" | "b") => tensors.get(goldenKey(path, which)) as Tensor<"f32">;
  return new Map(tinyLora(model).modules.map(({ path }) => [path, { a: matrix(path, "a"), b: matrix(path, "b") }]));
}

const TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/** The adapter of the goldens: rank 8, alpha 16, on the seven names of the PaliGemma notebook. */
export function tinyLora({ config }: Model): LoraBinding {
  const modules = loraModules(paligemmaParameters(config), { targets: TARGETS, exclude: null });
  return { modules, rank: 8, scale: loraScale({ rank: 8, alpha: 16, rslora: false }), dropout: 0 };
}

/** Three rows of different prompt and answer length, right padded. */
export function tinyBatch({ tensors }: TinyGolden, { config: c }: Model): TrainingBatch {
  const images = (c.vision.imageSize / c.vision.patchSize) ** 2;
  const numbers = (name: string) => Array.from(tensors.get(`in.${name}`)!.data as BigInt64Array, Number);
  const [rows, length] = tensors.get("in.input_ids")!.shape as [number, number];
  const [ids, types, real] = [numbers("input_ids"), numbers("token_type_ids"), numbers("attention_mask")];
  const count = (row: number, type: number) =>
    ids.filter((_, i) => Math.floor(i / length) === row && real[i] === 1 && types[i] === type).length;
  return {
    pixels: tensors.get("in.pixel_values")!.data as Float32Array,
    tokens: Int32Array.from(ids.filter((_, i) => i % length >= images)),
    prefixLengths: Int32Array.from({ length: rows }, (_, row) => count(row, 0) - images),
    suffixLengths: Int32Array.from({ length: rows }, (_, row) => count(row, 1)),
  };
}

/** Largest difference over largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} numbers against ${expected.length}`);
  let [worst, largest] = [0, 1e-12];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Number.isFinite(actual[i]) ? Math.abs(actual[i]! - expected[i]!) : Infinity);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst / largest;
}

/** Length of the difference over length of the expected vector. */
export function relativeDistance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    length += expected[i]! ** 2;
  }
  return Math.sqrt(difference / length);
}

/** The golden's name of an adapter matrix. */
export function goldenKey(path: string, matrix: "a" | "b"): string {
  return adapterKey("transformers>=5.6", path, matrix === "a" ? "A" : "B");
}
