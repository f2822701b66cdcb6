import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { type Adapter, type LoraBinding, loraModules, loraScale } from "../../src/model/lora.ts";
import { loadModel, type Model } from "../../src/model/model.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { adapterKey } from "../../src/model/weight-names.ts";
import type { TrainingBatch } from "../../src/train/feeds.ts";
import type { Tensor } from "../../src/util/tensor.ts";

/** tiny: one key head, heads · head size ≠ width. wide: two key heads of three queries, three layers, another seed. */
export const GOLDENS = ["tiny", "wide"] as const;
export type GoldenName = (typeof GOLDENS)[number];

/** A small PaliGemma with the numbers that transformers, PEFT and torch give for it (test/goldens/README.md). */
export interface Golden {
  readonly model: Model;
  readonly adapter: Adapter;
  /** Rank 8, alpha 16, on the seven names of the PaliGemma notebook, which also reach SigLIP's q, k and v. */
  readonly lora: LoraBinding;
  /** Three rows of different prompt and answer length, right padded. */
  readonly batch: TrainingBatch;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly scalars: Readonly<Record<string, number & readonly number[]>>;
}

const TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

export async function loadGolden(name: GoldenName, dtype: "f32" | "f16" = "f32"): Promise<Golden> {
  const folder = join(import.meta.dirname, "..", "goldens", name);
  const tensors = await readSafetensors(join(folder, "golden.safetensors"));
  const model = await loadModel(join(folder, "model"), dtype);
  const modules = loraModules(paligemmaParameters(model.config), { targets: TARGETS, exclude: null });
  const matrices = await readSafetensors(join(folder, "adapter", "adapter_model.safetensors"));
  const matrix = (path: string, which: "a" | "b") => matrices.get(goldenKey(path, which)) as Tensor<"f32">;
  return {
    model,
    tensors,
    adapter: new Map(modules.map(({ path }) => [path, { a: matrix(path, "a"), b: matrix(path, "b") }])),
    lora: { modules, rank: 8, scale: loraScale({ rank: 8, alpha: 16, rslora: false }), dropout: 0 },
    batch: toBatch(tensors, model),
    scalars: JSON.parse(readFileSync(join(folder, "golden.json"), "utf8")),
  };
}

function toBatch(tensors: ReadonlyMap<string, Tensor>, { config: c }: Model): TrainingBatch {
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

/** transformers' greedy answer to a row of the golden, with the `<eos>` that ends it and what follows cut off. */
export function greedyIds({ tensors }: Golden, row: number): number[] {
  const ids = Array.from(tensors.get(`generate.${row}.ids`)!.data as BigInt64Array, Number);
  return ids.includes(1) ? ids.slice(0, ids.indexOf(1)) : ids;
}

/** The golden's name of an adapter matrix. */
export function goldenKey(path: string, matrix: "a" | "b"): string {
  return adapterKey("transformers>=5.6", path, matrix === "a" ? "A" : "B");
}
