import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CONFIG, encodeConfig, readCompanions, refuseModel, writeCompanions } from "../../src/model/companions.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

test("a folder takes a model once: with its configuration in it it is one", () => {
  refuseModel(folder);
  refuseModel(join(folder, "nowhere"));
  writeFileSync(join(folder, CONFIG), "{}");
  expect(() => refuseModel(folder)).toThrow(`${folder}: there is a model already`);
});

test("what is beside weights is read whole but for how they were quantised, and written with the configuration last", async () => {
  const from = workFolder();
  writeFileSync(join(from, CONFIG), encodeConfig({ model_type: "paligemma", quantization_config: { bits: 8 } }));
  writeFileSync(join(from, "tokenizer.json"), "{}");
  writeFileSync(join(from, "model.safetensors"), "");
  const to = workFolder();
  const read = await readCompanions(from);
  expect(await writeCompanions(read, to)).toEqual(["tokenizer.json", CONFIG]);
  expect(JSON.parse(Buffer.from(read[CONFIG]!).toString("utf8"))).toEqual({ model_type: "paligemma" });
  expect(existsSync(join(to, "model.safetensors"))).toBe(false);
});
