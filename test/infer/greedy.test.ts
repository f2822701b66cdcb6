import { beforeAll, describe, expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { type Decoder, greedyDecoder, type PromptBatch } from "../../src/infer/greedy.ts";
import { GOLDENS, type Golden, greedyIds, loadGolden } from "../support/goldens.ts";

/** Prompts of the golden's rows, without their answers. */
function prompts(
  { batch: { pixels, tokens, prefixLengths } }: Golden,
  rows: readonly number[],
  padding = 0,
): PromptBatch {
  const all = prefixLengths.length;
  const [p, t] = [pixels.length / all, tokens.length / all];
  const lengths = Int32Array.from(rows, (row) => prefixLengths[row]!);
  const width = Math.max(...lengths) + padding;
  const found = {
    pixels: new Float32Array(rows.length * p),
    tokens: new Int32Array(rows.length * width),
    prefixLengths: lengths,
  };
  rows.forEach((row, i) => {
    found.pixels.set(pixels.subarray(row * p, (row + 1) * p), i * p);
    found.tokens.set(tokens.subarray(row * t, row * t + lengths[i]!), i * width);
  });
  return found;
}

describe.each(GOLDENS)("greedy answers of %s", (name) => {
  let golden: Golden;
  let decoder: Decoder;
  beforeAll(async () => {
    golden = await loadGolden(name);
    decoder = greedyDecoder(ortEngine(), golden.model);
  });

  test.each([0, 1, 2])("row %i alone: the ids of transformers", async (row) => {
    expect(await decoder.answer(prompts(golden, [row]), 8)).toEqual([greedyIds(golden, row)]);
  });

  test("do not depend on batch, order or padding", async () => {
    expect(await decoder.answer(prompts(golden, [0, 1, 2]), 8)).toEqual([0, 1, 2].map((row) => greedyIds(golden, row)));
    expect(await decoder.answer(prompts(golden, [2, 0], 5), 8)).toEqual([2, 0].map((row) => greedyIds(golden, row)));
  });

  test("are at most as long as asked for", async () => {
    expect(await decoder.answer(prompts(golden, [0]), 3)).toEqual([greedyIds(golden, 0).slice(0, 3)]);
  });
});
