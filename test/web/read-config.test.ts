import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatConfig, loadConfig } from "../../src/config/load.ts";
import { readConfig } from "../../src/web/read-config.ts";
import { tinyConfig } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

function written(text: string): string {
  const path = join(folder, "config.yaml");
  writeFileSync(path, text);
  return path;
}

test.each([
  ["plain", []],
  ["with lists, nothing and numbers", ["lora.targets=[q_proj]", "train.betas=[0.5, 0.9]", "eval.patience=null"]],
  ["with quotes and marks", ["data.prompt='what: is \"the\" {entity}? # & *'", "run.name='007'"]],
  ["with a text of several lines", ['data.prompt="a\\nb {entity}"']],
  ["with a text that looks like a reference", ["run.dir='*here'", "data.images='&there'"]],
])("a configuration %s is read as the loader reads it, be it the first or the second time", (_, sets) => {
  const path = written(formatConfig(tinyConfig(folder, ...sets)));
  for (const _time of ["first", "second"]) {
    expect(readConfig(path)).toMatchObject({ config: loadConfig({ config: path }), fault: null });
  }
});

const plain = formatConfig(tinyConfig(folder));

describe("a fault is told with its place, and what is written is shown:", () => {
  test.each([
    ["a key that nobody knows", plain.replace("  lr:", "  speed:"), /config\.yaml:\d+:3: .*unknown key .*speed/],
    ["a group twice", `${plain}train:\n  lr: 1\n`, /config\.yaml:\d+:1: .*unique/],
    ["a key twice", plain.replace("  lr:", "  lr: 0.5\n  lr:"), /config\.yaml:\d+:3: .*unique/],
    ["a value that is none", plain.replace(/ {2}lr: .*/, "  lr: fast"), /train\.lr/],
    ["no YAML", "train: [", /config\.yaml:1/],
  ])("%s", (name, text, message) => {
    const { config, fault, settings } = readConfig(written(text));
    expect(config).toBeNull();
    expect(fault).toMatch(message);
    if (name.includes("nobody")) expect(settings).toMatchObject({ "train.speed": "0.01" });
  });
});
