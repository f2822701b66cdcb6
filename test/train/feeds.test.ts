import { describe, expect, test } from "vitest";
import type { PaliGemmaConfig } from "../../src/model/config.ts";
import { batchShape, lengthUnits } from "../../src/train/feeds.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";

const atPixels = (imageSize: number): PaliGemmaConfig => ({
  ...PALIGEMMA_3B,
  vision: { ...PALIGEMMA_3B.vision, imageSize },
});

/** A row with a text of so many tokens, the last ones its answer. */
const row = (text: number, answer: number) => ({
  pixels: new Float32Array(0),
  tokens: new Int32Array(text),
  prefixLengths: Int32Array.of(text - answer),
  suffixLengths: Int32Array.of(answer),
});

describe("texts and answers are padded to multiples", () => {
  test("of 8 and 4 tokens behind few image tokens", () => {
    for (const pixels of [28, 112, 224]) expect(lengthUnits(atPixels(pixels))).toEqual({ text: 8, answer: 4 });
  });

  test("of a 32nd and a 64th of the image's behind many", () => {
    expect(lengthUnits(atPixels(448))).toEqual({ text: 32, answer: 16 });
    expect(lengthUnits(atPixels(728))).toEqual({ text: 85, answer: 43 });
    expect(lengthUnits(atPixels(896))).toEqual({ text: 128, answer: 64 });
  });
});

test("answers of 4 to 14 tokens at 448 px are one shape, and so one program", () => {
  const shapes = [4, 5, 9, 14].map((answer) => batchShape(row(32, answer), atPixels(448)));
  expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
  expect(shapes[0]).toMatchObject({ rows: 1, text: 32, answer: 16 });
});
