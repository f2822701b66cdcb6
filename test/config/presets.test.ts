import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { findConfig, listPresets, resolveAsset } from "../../src/config/presets.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";

test("every preset passes the schema and says what it is for", () => {
  const presets = listPresets();
  expect(presets.map(({ name }) => name)).toContain("lora-r8-tiny");
  for (const { name, description } of presets) {
    expect(loadConfig({ config: name }).base).not.toBe("");
    expect(description, name).not.toBe("");
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
