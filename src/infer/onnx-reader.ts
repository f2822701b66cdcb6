import { join } from "node:path";
import { openModelFile } from "../engine/ort/model-file.ts";
import type { OrtOptions } from "../engine/ort/ort.ts";
import { numImageTokens, type PaliGemmaConfig } from "../model/config.ts";
import { cacheName, type OnnxDtype, type OnnxPart, onnxFile } from "../model/onnx-layout.ts";
import { type Tensor, tensor } from "../util/tensor.ts";
import type { Prompt, Reader, Reading } from "./reader.ts";

/** An exported model that reads as the one that it was exported from does. */
export interface OnnxReader extends Reader {
  release(): Promise<void>;
}

/**
 * Reads with the ONNX files of a folder that `amlc export onnx` wrote.
 * @throws InputError when one is missing or cannot be run
 */
export async function onnxReader(
  folder: string,
  dtype: OnnxDtype,
  c: PaliGemmaConfig,
  options: OrtOptions = {},
): Promise<OnnxReader> {
  const open = (part: OnnxPart, own: OrtOptions = {}) =>
    openModelFile(join(folder, onnxFile(part, dtype)), { ...options, ...own });
  const [vision, embed, decoder] = await Promise.all([
    open("vision_encoder"),
    open("embed_tokens", { threads: 1 }), // it looks rows up; threads that wait for more would stand in the decoder's way
    open("decoder_model_merged"),
  ]);
  const { hiddenSize: d, numLayers, numKvHeads: heads, headDim } = c.text;
  const [image, side] = [numImageTokens(c.vision), c.vision.imageSize];
  const caches = Array.from({ length: numLayers }, (_, layer) =>
    (["key", "value"] as const).map((what) => ({
      past: cacheName("past_key_values", layer, what),
      present: cacheName("present", layer, what),
    })),
  ).flat();

  async function embedded(ids: ArrayLike<number>): Promise<Float32Array> {
    const { inputs_embeds } = await embed.run({ input_ids: int64([1, ids.length], ids) });
    return inputs_embeds!.data as Float32Array;
  }

  /** Rows [R,T,D] behind what is kept of them. */
  async function decode(embeds: Float32Array, rows: number, kept: Kept) {
    const width = embeds.length / rows / d;
    const total = kept.attended.length / rows;
    const positions = kept.attended.reduce<number[]>((all, seen, i) => {
      all.push(seen + (i % total === 0 ? 0 : all[i - 1]!));
      return all;
    }, []); // counted from 1 over what is not padding
    const last = positions.filter((_, i) => i % total >= total - width).map((position) => Math.max(1, position));
    const found = await decoder.run({
      inputs_embeds: tensor("f32", [rows, width, d], embeds),
      attention_mask: int64([rows, total], kept.attended),
      position_ids: int64([rows, width], last),
      num_logits_to_keep: int64([], [1]),
      ...Object.fromEntries(caches.map(({ past }, i) => [past, kept.caches[i]!])),
    });
    return {
      logits: found.logits!.data as Float32Array,
      caches: caches.map(({ present }) => found[present] as Tensor<"f32">),
    };
  }

  async function read(prompts: readonly Prompt[]): Promise<Reading> {
    const longest = Math.max(...prompts.map(({ length }) => length));
    const place = image + longest;
    const embeds = new Float32Array(prompts.length * place * d);
    const attended: number[] = [];
    for (const [row, { features, tokens, length }] of prompts.entries()) {
      // Padding is on the left: the last place of every row is then the last of its prompt.
      const start = (row * place + longest - length) * d;
      embeds.set(features, start);
      embeds.set(await embedded(tokens.subarray(0, length)), start + image * d);
      attended.push(...new Array(longest - length).fill(0), ...new Array(image + length).fill(1));
    }
    const empty = tensor("f32", [prompts.length, heads, 0, headDim], new Float32Array(0));
    let kept: Kept = { attended, caches: caches.map(() => empty) };
    let found = await decode(embeds, prompts.length, kept);
    kept = { attended, caches: found.caches };
    return {
      get logits() {
        return found.logits;
      },
      async next(sources, chosen) {
        const total = kept.attended.length / kept.caches[0]!.shape[0]!;
        const seen = sources.flatMap((row) => [...kept.attended.slice(row * total, (row + 1) * total), 1]);
        const going = { attended: seen, caches: kept.caches.map((cache) => takeRows(cache, sources)) };
        found = await decode(await embedded(chosen), sources.length, going);
        kept = { attended: seen, caches: found.caches };
      },
    };
  }

  return {
    together: 1,
    async look(images) {
      const seen: Float32Array[] = [];
      for (const pixels of images) {
        const { image_features } = await vision.run({ pixel_values: tensor("f32", [1, 3, side, side], pixels) });
        seen.push(image_features!.data as Float32Array);
      }
      return seen;
    },
    read: (prompts) => read(prompts),
    async release() {
      await Promise.all([vision, embed, decoder].map((file) => file.release()));
    },
  };
}

/** What is kept of rows between steps: which places hold a token, [R,P], and keys and values [R,K,P,H]. */
interface Kept {
  readonly attended: readonly number[];
  readonly caches: readonly Tensor<"f32">[];
}

const int64 = (shape: readonly number[], values: ArrayLike<number>): Tensor =>
  tensor("i64", shape, BigInt64Array.from(Array.from(values), BigInt));

function takeRows(cache: Tensor<"f32">, rows: readonly number[]): Tensor<"f32"> {
  const [all, ...shape] = cache.shape as [number, ...number[]];
  if (rows.length === all && rows.every((row, i) => row === i)) return cache;
  const size = cache.data.length / all;
  const taken = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) taken.set(cache.data.subarray(row * size, (row + 1) * size), i * size);
  return tensor("f32", [rows.length, ...shape], taken);
}
