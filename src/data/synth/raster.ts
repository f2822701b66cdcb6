import sharp from "sharp";
import type { DataSettings } from "../../config/data-schema.ts";
import { type Random, random as randomStream } from "../../util/random.ts";
import { between, chance } from "./choose.ts";
import { CANVAS } from "./set-line.ts";

/** A photograph of a drawing: SVG of S by S pixels → JPEG, out of focus and noisy as the settings say. */
export async function photograph(svg: string, settings: DataSettings["synth"], random: Random): Promise<Buffer> {
  const { size, blurred, blur, noise, quality } = settings;
  const sigma = chance(random, blurred) ? (between(random, 0.3, blur) * size) / CANVAS : 0;
  const strength = between(random, 0, noise);
  const start = random.int(2 ** 16);
  const jpegQuality = quality[0] + random.int(quality[1] - quality[0] + 1);
  const drawn = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
  const pixels = new Uint8ClampedArray(drawn.buffer, drawn.byteOffset, drawn.byteLength);
  if (sigma > 0) blurPixels(pixels, size, sigma);
  if (strength > 0) addNoise(pixels, strength, start);
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .jpeg({ quality: jpegQuality })
    .toBuffer();
}

/** Gaussian, along rows and then along columns; pixels beyond the edge are those of the edge. [S,S,3] */
function blurPixels(pixels: Uint8ClampedArray, size: number, sigma: number): void {
  const radius = Math.ceil(2.5 * sigma);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  const kernel = Float64Array.from(weights, (weight) => weight / sum);
  for (const [step, stride] of [
    [3, 3 * size],
    [3 * size, 3],
  ]) {
    const source = pixels.slice();
    for (let line = 0; line < size; line++) {
      for (let at = 0; at < size; at++) {
        const target = line * stride + at * step;
        let [red, green, blue] = [0, 0, 0];
        for (let k = 0; k < kernel.length; k++) {
          const near = Math.min(size - 1, Math.max(0, at + k - radius));
          const from = line * stride + near * step;
          red += kernel[k] * source[from];
          green += kernel[k] * source[from + 1];
          blue += kernel[k] * source[from + 2];
        }
        pixels[target] = red;
        pixels[target + 1] = green;
        pixels[target + 2] = blue;
      }
    }
  }
}

/** Standard normal numbers, drawn when first needed: each picture begins elsewhere in them. */
let normals: Float32Array | undefined;

function addNoise(pixels: Uint8ClampedArray, strength: number, start: number): void {
  const stream = randomStream(0, "noise of photographs");
  normals ??= Float32Array.from({ length: 2 ** 16 }, () => stream.normal());
  const mask = normals.length - 1;
  for (let i = 0; i < pixels.length; i++) pixels[i] += strength * normals[(start + i) & mask];
}
