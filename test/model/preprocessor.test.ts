import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readPreprocessor } from "../../src/model/preprocessor.ts";

const vision = {
  hiddenSize: 32,
  intermediateSize: 48,
  numLayers: 2,
  numHeads: 4,
  imageSize: 56,
  patchSize: 14,
  layerNormEps: 1e-6,
};
const paligemma = {
  imageSize: 56,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  rescaleFactor: 1 / 255,
  resample: "bicubic",
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "amlc-preprocessor-"));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (json: unknown, name = "preprocessor_config.json") => writeFile(join(folder, name), JSON.stringify(json));
const read = () => readPreprocessor(folder, vision);

test("without a file, or with an empty one, images are prepared as PaliGemma's are", async () => {
  expect(await read()).toEqual(paligemma);
  await put({});
  expect(await read()).toEqual(paligemma);
});

test("the file's numbers are taken", async () => {
  const json = { size: { height: 56, width: 56 }, resample: 3, image_seq_length: 16, do_convert_rgb: null };
  await put({ ...json, image_mean: [0.1, 0.2, 0.3], image_std: [1, 2, 3], rescale_factor: 0.5 });
  expect(await read()).toEqual({ ...paligemma, mean: [0.1, 0.2, 0.3], std: [1, 2, 3], rescaleFactor: 0.5 });
});

test("newer releases keep the same in processor_config.json", async () => {
  await put({ image_processor: { size: { height: 56, width: 56 }, image_std: [1, 2, 3] } }, "processor_config.json");
  expect(await read()).toEqual({ ...paligemma, std: [1, 2, 3] });
});

test("where both are, the newer one counts, as in transformers, unless it says nothing of images", async () => {
  await put({ image_std: [4, 5, 6] });
  await put({ processor_class: "PaliGemmaProcessor" }, "processor_config.json");
  expect(await read()).toEqual({ ...paligemma, std: [4, 5, 6] });
  await put({ image_processor: { image_std: [1, 2, 3] } }, "processor_config.json");
  expect(await read()).toEqual({ ...paligemma, std: [1, 2, 3] });
});

test("a step that is switched off does nothing", async () => {
  await put({ do_rescale: false, do_normalize: false, image_mean: [9, 9, 9] });
  expect(await read()).toEqual({ ...paligemma, mean: [0, 0, 0], std: [1, 1, 1], rescaleFactor: 1 });
});

test.each([
  [{ size: { height: 224, width: 224 } }, /size: is 224 by 224, but .*image_size is 56/],
  [{ size: { shortest_edge: 56 } }, /size: /],
  [{ resample: 2 }, /resample: is 2, only 3 is supported/],
  [{ do_resize: false }, /do_resize: is false/],
  [{ image_std: [0, 1, 1] }, /image_std\.0: /],
  [{ image_mean: [0.5] }, /image_mean: /],
  [{ image_seq_length: 256 }, /image_seq_length: is 256, but config\.json gives 16/],
])("a file that does not fit is refused by key: %j", async (json, message) => {
  await put(json);
  await expect(read()).rejects.toThrow(message);
  await expect(read()).rejects.toThrow("preprocessor_config.json");
});
