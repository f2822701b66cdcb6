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
  return sharp(new Uint8ClampedArray(pixels), { raw: { width: size, height: size, channels: 3 } })
    .jpeg({ quality: jpegQuality })
    .toBuffer();
}

/** Gaussian, along rows and then along columns; what is beyond an edge is as the edge. [S,S,3] */
function blurPixels(pixels: Float32Array, size: number, sigma: number): void {
  const radius = Math.max(1, Math.round(2 * sigma));
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  const kernel = Float64Array.from(weights, (weight) => weight / sum);
  const line = new Float32Array(3 * (size + 2 * radius));
  for (let row = 0; row < size; row++) blurLine(pixels, 3 * size * row, 3, line, kernel);
  for (let column = 0; column < size; column++) blurLine(pixels, 3 * column, 3 * size, line, kernel);
}

/** A line of pixels that begins at `start`, `step` numbers from one to the next; `line` has room for it and its ends. */
function blurLine(pixels: Float32Array, start: number, step: number, line: Float32Array, kernel: Float64Array): void {
  const radius = kernel.length >> 1;
  const size = line.length / 3 - 2 * radius;
  for (let i = 0, to = 0; to < line.length; i++, to += 3) {
    const from = start + step * Math.min(size - 1, Math.max(0, i - radius));
    line[to] = pixels[from];
    line[to + 1] = pixels[from + 1];
    line[to + 2] = pixels[from + 2];
  }
  for (let i = 0, to = start; i < 3 * size; i += 3, to += step) {
    let [red, green, blue] = [0, 0, 0];
    for (let k = 0, from = i; k < kernel.length; k++, from += 3) {
      red += kernel[k] * line[from];
      green += kernel[k] * line[from + 1];
      blue += kernel[k] * line[from + 2];
    }
    pixels[to] = red;
    pixels[to + 1] = green;
    pixels[to + 2] = blue;
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
