import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { findConfig, listPresets, resolveAsset } from "../../src/config/presets.ts";
import { readTable } from "../../src/data/table.ts";
import { loraModules } from "../../src/model/lora.ts";
import { readModelConfig } from "../../src/model/model-config.ts";
import { isOfImages, paligemmaParameters } from "../../src/model/paligemma.ts";
import { planSteps } from "../../src/train/plan.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";

test("every preset passes the schema and says what it is for", () => {
  const presets = listPresets();
  expect(presets.map(({ name }) => name)).toContain("lora-r8-tiny");
  for (const { name, description } of presets) {
    expect(loadConfig({ config: name }).base).not.toBe("");
    expect(description, name).not.toBe("");
  }
});

test("every preset is a plan: its targets are layers of its base, and its rows make steps", async () => {
  for (const { name } of listPresets()) {
    const config = loadConfig({ config: name });
    const folder = resolveAsset(config.base);
    const shape = existsSync(folder) ? await readModelConfig(folder) : PALIGEMMA_3B; // which nobody can ship
    const modules = loraModules(paligemmaParameters(shape), config.lora);
    expect(modules.length, name).toBeGreaterThanOrEqual(shape.text.numLayers * 7);
    const table = resolveAsset(config.data.train);
    const rows = existsSync(table) ? (await readTable(table)).rowCount : Number(/\d+/.exec(basename(table))![0]);
    const { total } = planSteps(rows, config.train);
    expect(total, name).toBeGreaterThan(config.train.warmup_steps);
    if (!existsSync(folder)) expect(config.base, name).toContain("paligemma-3b");
    if (config.data.features !== null)
      expect(
        modules.every(({ path }) => !isOfImages(path)),
        name,
      ).toBe(true);
  }
});

test("presets of two sizes differ in their rows alone", () => {
  for (const [one, other] of [
    ["lora-r8", "lora-r8-13500"],
    ["lora-r8-nano-6500", "lora-r8-nano-13500"],
  ]) {
    const [{ data, ...rest }, { data: otherData, ...otherRest }] = [one, other].map((config) => loadConfig({ config }));
    expect(rest).toEqual(otherRest);
    expect({ ...data, train: "" }).toEqual({ ...otherData, train: "" });
  }
});

test("a preset is found with and without its ending, a path before it", () => {
  const file = join(PACKAGE_ROOT, "configs", "lora-r8-tiny.yaml");
  expect(findConfig("lora-r8-tiny")).toBe(file);
  expect(findConfig("lora-r8-tiny.yaml")).toBe(file);
  expect(findConfig(join(PACKAGE_ROOT, "package.json"))).toBe(join(PACKAGE_ROOT, "package.json"));
});

test("shipped files are found from any working folder, and nothing outside the package", () => {
  const here = process.cwd();
  process.chdir("/");
  try {
    expect(resolveAsset("configs/lora-r8-tiny.yaml")).toBe(join(PACKAGE_ROOT, "configs", "lora-r8-tiny.yaml"));
    expect(resolveAsset("../outside.json")).toBe("../outside.json");
    expect(resolveAsset("no/such/file")).toBe("no/such/file");
  } finally {
    process.chdir(here);
  }
});
