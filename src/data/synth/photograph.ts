import sharp from "sharp";
import type { DataSettings } from "../../config/data-schema.ts";
import { type Random, random as randomStream } from "../../util/random.ts";
import { between, chance } from "./choose.ts";
import { CANVAS } from "./geometry.ts";

/** A photograph of a drawing, 0 to 255 [S,S,3], as JPEG: out of focus and noisy as the settings say. The drawing is used up. */
export function photograph(pixels: Float32Array, settings: DataSettings["synth"], random: Random): Promise<Buffer> {
  const { size, blurred, blur, noise, quality } = settings;
  const sigma = chance(random, blurred) ? (between(random, 0.3, blur) * size) / CANVAS : 0;
  const strength = between(random, 0, noise);
  const start = random.int(2 ** 16);
  const jpegQuality = quality[0] + random.int(quality[1] - quality[0] + 1);
  if (sigma > 0) blurPixels(pixels, size, sigma);
  if (strength > 0) addNoise(pixels, strength, start);
  return sharp(Uint8ClampedArray.from(pixels), { raw: { width: size, height: size, channels: 3 } })
    .jpeg({ quality: jpegQuality })
    .toBuffer();
}

/** Gaussian, along rows and then along columns; what is beyond an edge is as the edge. [S,S,3] */
function blurPixels(pixels: Float32Array, size: number, sigma: number): void {
  const radius = Math.max(1, Math.round(2 * sigma));
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  const kernel = Float64Array.from(weights, (weight) => weight / sum);
  for (let row = 0; row < size; row++) blurLine(pixels, 3 * size * row, 3, size, kernel);
  for (let column = 0; column < size; column++) blurLine(pixels, 3 * column, 3 * size, size, kernel);
}

/** A line of `size` pixels that begins at `start`, `step` bytes from one to the next. */
function blurLine(pixels: Float32Array, start: number, step: number, size: number, kernel: Float64Array): void {
  const radius = kernel.length >> 1;
  const line = new Float64Array(3 * (size + 2 * radius));
  for (let i = 0, to = 0; to < line.length; i++) {
    const from = start + step * Math.min(size - 1, Math.max(0, i - radius));
    for (let c = 0; c < 3; c++) line[to++] = pixels[from + c];
  }
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) {
      let value = 0;
      for (let k = 0, from = 3 * i + c; k < kernel.length; k++, from += 3) value += kernel[k] * line[from];
      pixels[start + step * i + c] = value;
    }
  }
}

/** Standard normal numbers, drawn when first needed: each picture begins elsewhere in them. */
let normals: Float32Array | undefined;

function addNoise(pixels: Float32Array, strength: number, start: number): void {
  const stream = randomStream(0, "noise of photographs");
  normals ??= Float32Array.from({ length: 2 ** 16 }, () => stream.normal());
  const mask = normals.length - 1;
  for (let i = 0; i < pixels.length; i++) pixels[i] += strength * normals[(start + i) & mask];
}
