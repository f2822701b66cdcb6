import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { train } from "../../../src/recipes/train.ts";
import { startAmlc } from "../../support/cli.ts";
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
      asked: {
        ...{ prompt: "answer en What is the {entity}?", max_new_tokens: expect.any(Number) },
        ...{ constrain: "off", n_best: 1 },
      },
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

describe("amlc export onnx", () => {
  const FIRST_FILE = /^onnx\/vision_encoder/m;
  const start = (output: string) => {
    const dtypes = ["fp32", "fp16", "q8", "int8", "q4"].flatMap((dtype) => ["--dtype", dtype]);
    return startAmlc(folder, ["export", "onnx", "--run", "./adapted", "-o", output, "--check", "9", ...dtypes]);
  };
  const beside = (name: string) => readdirSync(folder).filter((found) => found.startsWith(name));

  test("stopped by Ctrl-C leaves with 130 and nothing of its folder", async () => {
    const started = start("stopped");
    await started.told(FIRST_FILE);
    started.process.kill("SIGINT");
    const { code, stdout, stderr } = await started.ended;
    expect(code, stderr).toBe(130);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/\nstopping\n(.*\n)*error: stopped: stopped; nothing is written\n$/);
    expect(beside("stopped")).toEqual([]);
  });

  test("killed, it leaves what the next export to the same place removes", async () => {
    const started = start("killed");
    await started.told(FIRST_FILE);
    started.process.kill("SIGKILL");
    const { signal, stderr } = await started.ended;
    expect(signal, stderr).toBe("SIGKILL");
    expect(beside("killed")).toEqual(["killed.amlc-new", expect.stringMatching(/^killed_new-.*\.lock$/)]);
    expect(await exportRun("merged", "killed")).toBe(0);
    expect(beside("killed")).toEqual(["killed"]);
    expect(readdirSync(at("killed"))).not.toContain("onnx");
  });
});

test.each(["merged", "adapter", "onnx"])("help of %s has examples and fits 100 columns", async (kind) => {
  expect(await runProgram(["export", kind, "--help"])).toBe(0);
  expect(printed.out).toMatch(new RegExp(`^Examples:\n {2}amlc export ${kind} `, "m"));
  expect(Math.max(...printed.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
