import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { settings } from "../../support/runs.ts";
import { workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();

test("show prints the preset with overrides and defaults, as YAML or JSON", async () => {
  const args = ["config", "show", "--config", "lora-r8-tiny", "--set", "lora.rank=4", "--set", "train.lr=1e-4"];
  expect(await runProgram(args)).toBe(0);
  expect(printed.out).toContain("rank: 4\n");
  printed.out = "";
  expect(await runProgram([...args, "--json"])).toBe(0);
  expect(parseConfig(JSON.parse(printed.out))).toMatchObject({
    lora: { rank: 4 },
    train: { lr: 1e-4, save_every: 50 },
  });
});

test("what show prints is a configuration: shown again, it is the same", async () => {
  const sets = ["lora.targets='.*q_proj'", "train.lr=1e-5", 'data.prompt="x: #{entity}"', "run.name='007'"];
  await runProgram(["config", "show", "--config", "lora-r8-tiny", ...settings(...sets)]);
  const first = printed.out;
  const file = join(folder, "shown.yaml");
  writeFileSync(file, first);
  printed.out = "";
  expect(await runProgram(["config", "show", "--config", file])).toBe(0);
  expect(printed.out).toBe(first);
});

test("schema prints JSON Schema, list the presets", async () => {
  expect(await runProgram(["config", "schema"])).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ type: "object", properties: { lora: {} } });
  printed.out = "";
  expect(await runProgram(["config", "list"])).toBe(0);
  expect(printed.out).toMatch(/lora-r8-tiny +Rank-8 LoRA/);
});
