import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();

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

test("schema prints JSON Schema, list the presets", async () => {
  expect(await runProgram(["config", "schema"])).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ type: "object", properties: { lora: {} } });
  printed.out = "";
  expect(await runProgram(["config", "list"])).toBe(0);
  expect(printed.out).toMatch(/lora-r8-tiny +Rank-8 LoRA/);
});
