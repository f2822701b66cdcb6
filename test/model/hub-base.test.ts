import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findHubBase, requireHubBase } from "../../src/model/hub-base.ts";
import { parametersOf } from "../../src/model/lora.ts";
import { readModelConfig } from "../../src/model/model-config.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { readPreprocessor } from "../../src/model/preprocessor.ts";
import { sizeOf } from "../../src/util/tensor.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";
import { workFolder } from "../support/work-folder.ts";

test.each([
  ["google/paligemma-3b-ft-docvqa-448", 448],
  ["google/paligemma-3b-pt-224", 224],
  ["google/paligemma-3b-mix-448", 448],
  ["google/paligemma-3b-pt-896", 896],
])("%s is PaliGemma at %i pixels", async (name, imageSize) => {
  const { folder } = findHubBase(name)!;
  const config = await readModelConfig(folder);
  expect(config).toEqual({ ...PALIGEMMA_3B, vision: { ...PALIGEMMA_3B.vision, imageSize } });
  expect(await readPreprocessor(folder, config.vision)).toMatchObject({ imageSize, resample: "bicubic" });
});

test("it has as many numbers as the one on the hub", async () => {
  const config = await readModelConfig(findHubBase("google/paligemma-3b-pt-448")!.folder);
  const numbers = parametersOf(paligemmaParameters(config)).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  expect(numbers).toBe(2_924_351_216);
});

test.each(["google/paligemma2-3b-pt-448", "google/paligemma-3b-pt-336", "meta/llama-3", "google/gemma-2b"])(
  "%s is refused with the names that are known",
  (name) => {
    expect(() => requireHubBase(name)).toThrow(/is no folder, and no name on the hub whose sizes are known/);
  },
);

test("a folder goes before a name", () => {
  const folder = join(workFolder(), "google", "paligemma-3b-pt-448");
  mkdirSync(folder, { recursive: true });
  expect(requireHubBase(folder)).toBeUndefined();
  expect(requireHubBase("checkpoints/nowhere/at/all")).toBeUndefined();
});
