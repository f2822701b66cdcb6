import { readdirSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { normalisePixels, type PixelReader } from "../../src/data/pixels.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { openFeatures } from "../../src/infer/image-features.ts";
import { relativeError } from "../support/errors.ts";
import { type Golden, loadGolden } from "../support/goldens.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
let golden: Golden;
beforeAll(async () => {
  golden = await loadGolden("tiny");
});

/** Photographs that are one level of grey, given in their file. */
function countingReader(side: number): PixelReader & { readonly paths: string[] } {
  const paths: string[] = [];
  return {
    paths,
    async read(image) {
      paths.push(String(image));
      return new Uint8Array(3 * side * side).fill(image.length);
    },
    async close() {},
  };
}
function photograph(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, name);
  return path;
}

test("a photograph goes through the tower once; after that its features are read, by other runs too", async () => {
  const [engine, home] = [ortEngine(), join(folder, "once")];
  const reader = countingReader(golden.model.config.vision.imageSize);
  const features = openFeatures(engine, golden.model, reader, home);
  const path = photograph("a.jpg");
  const first = await features.read(path);
  expect(await features.read(path)).toEqual(first);
  const later = openFeatures(engine, golden.model, reader, home);
  expect(await later.read(path)).toEqual(first);
  expect(reader.paths).toHaveLength(1);
  await Promise.all([features.release(), later.release()]);
});

test("the features are those of transformers", async () => {
  const { model, batch, tensors } = golden;
  const side = model.config.vision.imageSize;
  const pixels = batch.pixels.subarray(0, 3 * side * side);
  const levels = Uint8Array.from(pixels, (value) => Math.round(((value + 1) * 255) / 2));
  const reader: PixelReader = { read: async () => levels, close: async () => {} };
  expect(relativeError(normalisePixels([levels], model.preprocessor), pixels)).toBeLessThan(0.01);
  const features = openFeatures(ortEngine(), model, reader, join(folder, "torch"));
  const expected = (tensors.get("base.image_features")!.data as Float32Array).subarray(
    0,
    (await features.read(photograph("t.jpg"))).length,
  );
  expect(relativeError(await features.read(join(folder, "t.jpg")), expected)).toBeLessThan(0.02); // levels are rounded
  await features.release();
});

test("a photograph that changed, another model, and a file cut short are computed anew", async () => {
  const home = join(folder, "anew");
  const reader = countingReader(golden.model.config.vision.imageSize);
  const features = openFeatures(ortEngine(), golden.model, reader, home);
  const path = photograph("b.jpg");
  await features.read(path);
  utimesSync(path, 1, 1);
  await features.read(path);
  expect(reader.paths).toHaveLength(2);

  const [models] = readdirSync(home);
  for (const file of readdirSync(join(home, models))) truncateSync(join(home, models, file), 100);
  await features.read(path);
  expect(reader.paths).toHaveLength(3);

  const other = await loadGolden("tiny", "f16");
  const otherFeatures = openFeatures(ortEngine(), other.model, reader, home);
  await otherFeatures.read(path);
  expect(readdirSync(home)).toHaveLength(2);
  await Promise.all([features.release(), otherFeatures.release()]);
});
