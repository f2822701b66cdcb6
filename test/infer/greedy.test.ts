import { beforeAll, describe, expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { greedyDecoder, type Prompts } from "../../src/infer/greedy.ts";
import type { Model } from "../../src/model/model.ts";
import { type TinyGolden, tinyBatch, tinyGolden, tinyModel } from "../support/tiny.ts";

let golden: TinyGolden;
let model: Model;

beforeAll(async () => {
  golden = await tinyGolden();
  model = await tinyModel();
});

/** Prompts of the golden's rows, without their answers. */
function prompts(rows: readonly number[], padding = 0): Prompts {
  const { pixels, tokens, prefixLengths } = tinyBatch(golden, model);
  const all = prefixLengths.length;
  const [p, t] = [pixels.length / all, tokens.length / all];
  const lengths = Int32Array.from(rows, (row) => prefixLengths[row]!);
  const width = Math.max(...lengths) + padding;
  const batch = { pixels: new Float32Array(rows.length * p), tokens: new Int32Array(rows.length * width), lengths };
  rows.forEach((row, i) => {
    batch.pixels.set(pixels.subarray(row * p, (row + 1) * p), i * p);
    batch.tokens.set(tokens.subarray(row * t, row * t + lengths[i]!), i * width);
  });
  return batch;
}

/** transformers' greedy answers, with the `<eos>` that ends one and what follows it cut off. */
function expected(row: number): number[] {
  const ids = Array.from(golden.tensors.get(`generate.${row}.ids`)!.data as BigInt64Array, Number);
  return ids.includes(1) ? ids.slice(0, ids.indexOf(1)) : ids;
}

describe("greedy answers", () => {
  test.each([0, 1, 2])("row %i alone: the ids of transformers", async (row) => {
    const decoder = greedyDecoder(ortEngine(), model.config, model.weights, model.dtype);
    expect(await decoder.answer(prompts([row]), 8)).toEqual([expected(row)]);
  });

  test("do not depend on batch, order or padding", async () => {
    const decoder = greedyDecoder(ortEngine(), model.config, model.weights, model.dtype);
    expect(await decoder.answer(prompts([0, 1, 2]), 8)).toEqual([0, 1, 2].map(expected));
    expect(await decoder.answer(prompts([2, 0], 5), 8)).toEqual([2, 0].map(expected));
  });

  test("are at most as long as asked for", async () => {
    const decoder = greedyDecoder(ortEngine(), model.config, model.weights, model.dtype);
    expect(await decoder.answer(prompts([0]), 3)).toEqual([expected(0).slice(0, 3)]);
  });
});
