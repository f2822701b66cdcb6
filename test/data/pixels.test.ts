import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BadRowError } from "../../src/data/bad-rows.ts";
import { normalisePixels, openPixelReader, type PixelReader } from "../../src/data/pixels.ts";

const GOLDENS = join(import.meta.dirname, "..", "goldens", "pixels");
const TINY = join(import.meta.dirname, "..", "..", "data", "tiny", "images");
const readers = new Map<number, PixelReader>();
let folder: string;

function reader(imageSize: number): PixelReader {
  if (!readers.has(imageSize)) readers.set(imageSize, openPixelReader({ imageSize, threads: 2 }));
  return readers.get(imageSize)!;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "amlc-pixels-"));
});
afterAll(async () => {
  await Promise.all([...readers.values()].map((r) => r.close()));
});

/** Bytes red, green, blue of each pixel → one plane after the other. */
function toPlanes(pixels: Uint8Array): Uint8Array {
  const count = pixels.length / 3;
  return Uint8Array.from(pixels, (_, i) => pixels[3 * (i % count) + Math.floor(i / count)]);
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, v, i) => Math.max(largest, Math.abs(v - b[i])), 0);
}

/** A photograph-like image: noise over a slope, so that every pixel counts. */
function noise(width: number, height: number, channels: 1 | 3) {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7919 + (i % 13) * 31) % 256);
  return sharp(data, { raw: { width, height, channels } });
}

describe("photographs come out as transformers' processor on Pillow makes them, to the bit", () => {
  // Grey, enlarged, 4:1 and 1:2.4 in shape (where Pillow takes columns first), and a large one reduced by eleven.
  test.each(readdirSync(GOLDENS).filter((name) => name.endsWith(".png")))("%s", async (name) => {
    const [photograph, size] = name.split(".");
    const path = [GOLDENS, TINY].map((from) => join(from, `${photograph}.jpg`)).find(existsSync)!;
    const wanted = toPlanes(await sharp(join(GOLDENS, name)).raw().toBuffer());
    expect(largestDifference(await reader(Number(size)).read(path), wanted)).toBe(0);
  });
});

describe("what is transparent lies on white, as in transformers' processor, to the bit", () => {
  const folder = join(import.meta.dirname, "..", "goldens", "transparent");
  test.each(readdirSync(folder).filter((name) => !name.endsWith(".u8")))("%s", async (name) => {
    const wanted = await readFile(join(folder, `${name}.24.u8`));
    expect(largestDifference(await reader(24).read(join(folder, name)), wanted)).toBe(0);
  });
});

describe("what Pillow's convert and resize leave alone stays", () => {
  const plain = async (path: string, size: number) => {
    const pixels = await sharp(path).toColourspace("srgb").removeAlpha().raw().toBuffer();
    expect(largestDifference(await reader(size).read(path), toPlanes(pixels))).toBe(0);
  };

  test("an image of the right size is not changed", async () => {
    const path = join(folder, "same.png");
    await noise(24, 24, 3).png().toFile(path);
    await plain(path, 24);
  });

  test("grey becomes three equal planes", async () => {
    const path = join(folder, "grey.png");
    await noise(24, 24, 1).toColourspace("b-w").png().toFile(path);
    await plain(path, 24);
  });

  test("an image is not turned by its EXIF orientation", async () => {
    const [straight, turned] = [join(folder, "straight.jpg"), join(folder, "turned.jpg")];
    await noise(40, 24, 3).jpeg().toFile(straight);
    await sharp(straight).keepMetadata().withMetadata({ orientation: 6 }).jpeg().toFile(turned);
    expect((await sharp(turned).metadata()).orientation).toBe(6);
    const again = join(folder, "again.jpg");
    await sharp(straight).jpeg().toFile(again);
    expect(largestDifference(await reader(24).read(turned), await reader(24).read(again))).toBe(0);
  });
});

describe("refused as a bad row", () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  test.each<[string, () => Promise<Uint8Array | string | null>, RegExp]>([
    ["a file that is not there", async () => null, /no such image/],
    ["text", async () => "not an image", /no image that can be read/],
    ["an empty file", async () => "", /no image that can be read/],
    ["a program that draws", async () => svg, /is svg, not a photograph/],
    ["one cut short", async () => (await noise(64, 64, 3).jpeg().toBuffer()).subarray(0, 900), /no image that can be/],
  ])("%s", async (what, content, message) => {
    const path = join(folder, `${what}.jpg`);
    const bytes = await content();
    if (bytes !== null) await writeFile(path, bytes);
    await expect(reader(24).read(path)).rejects.toThrow(message);
    await expect(reader(24).read(path)).rejects.toThrow(BadRowError);
  });

  test("a folder, and a header that promises more pixels than fit in memory", async () => {
    await expect(reader(24).read(folder)).rejects.toThrow(/is no file/);
    const bomb = await noise(8, 8, 3).png().toBuffer();
    bomb.writeUInt32BE(60_000, 16); // width and height of the IHDR chunk
    bomb.writeUInt32BE(60_000, 20);
    const path = join(folder, "bomb.png");
    await writeFile(path, bomb);
    await expect(reader(24).read(path)).rejects.toThrow(BadRowError);
  });
});

test("images in the cache are not read again, and the cache keeps to its bytes", async () => {
  const paths = ["a", "b"].map((name) => join(folder, `cached-${name}.png`));
  for (const path of paths) await noise(16, 16, 3).png().toFile(path);
  const one = openPixelReader({ imageSize: 8, threads: 1, cacheBytes: 3 * 8 * 8 });
  const first = await one.read(paths[0]);
  expect(await one.read(paths[0])).toBe(first);
  await one.read(paths[1]);
  expect(await one.read(paths[0])).not.toBe(first);
  await one.close();
});

test("a failed read is tried again", async () => {
  const path = join(folder, "late.png");
  const kept = openPixelReader({ imageSize: 8, threads: 1, cacheBytes: 1e6 });
  await expect(kept.read(path)).rejects.toThrow(/no such image/);
  await noise(8, 8, 3).png().toFile(path);
  expect(await kept.read(path)).toHaveLength(3 * 8 * 8);
  await kept.close();
});

test("after close nothing is read", async () => {
  const closed = openPixelReader({ imageSize: 8, threads: 1 });
  await closed.close();
  const path = join(folder, "closed.png");
  await noise(8, 8, 3).png().toFile(path);
  await expect(closed.read(path)).rejects.toThrow(/closed/);
});

test("pixel values are those of transformers, to the bit, for every level of a colour", async () => {
  const bytes = await readFile(join(GOLDENS, "levels.f32"));
  const [paligemma, imagenet] = [0, 1].map((i) => new Float32Array(Uint8Array.from(bytes).buffer, i * 3072, 768));
  const image = Uint8Array.from({ length: 768 }, (_, i) => i % 256); // three planes of 16 × 16
  const format = { imageSize: 16, rescaleFactor: 1 / 255 };
  const half = { ...format, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
  expect(normalisePixels([image], half)).toEqual(paligemma);
  expect(normalisePixels([image, image], half).subarray(768)).toEqual(paligemma);
  const other = { ...format, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
  expect(normalisePixels([image], other)).toEqual(imagenet);
});
