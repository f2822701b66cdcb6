import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { train } from "../../../src/recipes/train.ts";
import { tinyConfig, writeQuickRows } from "../../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);
const rows = writeQuickRows(at("quick.csv"));

beforeAll(async () => {
  await train(
    tinyConfig(folder, `data.train=${rows}`, "train.max_steps=1", "train.warmup_steps=0", "run.name=adapted"),
  );
});

const exportRun = (kind: string, output: string, ...more: string[]) =>
  runProgram(["export", kind, "--run", at("adapted"), "-o", at(output), ...more]);

describe("amlc export merged", () => {
  test("says where the model is, how large, and which files it has", async () => {
    expect(await exportRun("merged", "merged", "--dtype", "fp16")).toBe(0);
    expect(printed.out).toMatch(/merged: 19\d,\d{3} numbers, 0\.4 MB\n$/);
    expect(printed.err).toMatch(/^adapted: \d+ weights are added up and written as fp16\n/);
    expect(printed.err).toMatch(/\nwritten: model\.safetensors, .*config\.json, README\.md, export\.json\n$/);
  });

  test("--json prints one document", async () => {
    expect(await exportRun("merged", "as-json/", "--checkpoint", "last", "--json")).toBe(0);
    expect(JSON.parse(printed.out)).toEqual({
      ...{ folder: at("as-json/"), run: "adapted", checkpoint: "last", step: 1, base: "checkpoints/tiny" },
      ...{ dtype: "fp32", parameters: expect.any(Number), bytes: expect.any(Number) },
      asked: { prompt: "answer en What is the {entity}?", max_new_tokens: expect.any(Number) },
      files: expect.arrayContaining(["model.safetensors"]),
    });
    expect(readdirSync(at("as-json"))).toContain("config.json");
  });

  test("of a run that is not there leaves with 2 and no folder", async () => {
    expect(await runProgram(["export", "merged", "--run", at("adopted"), "-o", at("none")])).toBe(2);
    expect(printed.err).toMatch(/adopted: there is no such run\nhint: .*adapted/);
    expect(existsSync(at("none"))).toBe(false);
  });
});

describe("amlc export adapter", () => {
  test("says for which release the adapter is", async () => {
    expect(await exportRun("adapter", "adapter", "--dialect", "transformers<4.52")).toBe(0);
    expect(printed.out).toMatch(/adapter: an adapter of \d+,\d{3} numbers, for transformers<4\.52\n$/);
    expect(printed.err).toBe("written: adapter_config.json, adapter_model.safetensors, README.md, export.json\n");
  });

  test("--json prints one document", async () => {
    expect(await exportRun("adapter", "adapter", "--json")).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({ folder: at("adapter"), dialect: "transformers>=5.6", step: 1 });
  });

  test("refuses a dialect that is none, and names those that are", async () => {
    expect(await exportRun("adapter", "none", "--dialect", "transformers>=6")).toBe(2);
    expect(printed.err).toMatch(/"transformers>=5\.6", "transformers>=4\.52", "transformers<4\.52"/);
  });
});

test.each(["merged", "adapter"])("help of %s has examples and fits 100 columns", async (kind) => {
  expect(await runProgram(["export", kind, "--help"])).toBe(0);
  expect(printed.out).toMatch(new RegExp(`^Examples:\n {2}amlc export ${kind} `, "m"));
  expect(Math.max(...printed.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
