import { availableParallelism } from "node:os";
import { limitConcurrency } from "../util/concurrency.ts";
import type { ImageSource } from "./image-file.ts";
import { startImageThreads } from "./image-threads.ts";

type Rgb = readonly [number, number, number];

/** What a model takes for pixels: a square, `(value · rescaleFactor − mean) / std` of each 8-bit colour. */
export interface PixelFormat {
  /** Side of the square, in pixels. */
  readonly imageSize: number;
  readonly rescaleFactor: number;
  readonly mean: Rgb;
  readonly std: Rgb;
}

/** Photographs as squares of 8-bit colours, decoded and resized off the main thread, the last ones kept. */
export interface PixelReader {
  /** Planes of red, green and blue, u8 [3,S,S]. @throws BadRowError when the file is no image that can be read. */
  read(image: ImageSource): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface PixelReaderOptions {
  readonly imageSize: number;
  /** Images in work at a time; by default one more than there are processors, up to four. */
  readonly threads?: number;
  /** Bytes of resized images to keep, the last used ones first. */
  readonly cacheBytes?: number;
}

export function openPixelReader(options: PixelReaderOptions): PixelReader {
  const { imageSize, threads = Math.min(4, availableParallelism() + 1), cacheBytes = 0 } = options;
  const pool = startImageThreads(threads);
  const limit = limitConcurrency(threads);
  const room = Math.floor(cacheBytes / (3 * imageSize * imageSize));
  const kept = new Map<string, Promise<Uint8Array>>(); // in order of last use
  const load = (image: ImageSource) => limit(() => pool.load(image, imageSize));
  return {
    read(path) {
      if (typeof path !== "string") return load(path);
      const image = kept.get(path) ?? load(path);
      kept.delete(path);
      kept.set(path, image);
      if (kept.size > room) kept.delete(kept.keys().next().value!);
      image.catch(() => kept.delete(path));
      return image;
    },
    close: () => pool.close(),
  };
}

/**
 * Images u8 [3,S,S] as one array f32 [B,3,S,S] of pixel values, rounded at each step as transformers and NumPy round:
 * equal to the bit.
 */
export function normalisePixels(images: readonly Uint8Array[], format: PixelFormat): Float32Array {
  const plane = format.imageSize ** 2;
  const pixels = new Float32Array(images.length * 3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    const values = valuesOf(format, channel);
    images.forEach((image, i) => {
      const from = channel * plane;
      const to = (3 * i + channel) * plane;
      for (let p = 0; p < plane; p++) pixels[to + p] = values[image[from + p]];
    });
  }
  return pixels;
}

/** The pixel value of each of the 256 levels of a colour. */
function valuesOf({ rescaleFactor, mean, std }: PixelFormat, channel: number): Float32Array {
  const [m, s] = [Math.fround(mean[channel]), Math.fround(std[channel])];
  return Float32Array.from({ length: 256 }, (_, v) => Math.fround(Math.fround(v * rescaleFactor) - m) / s);
}
