import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import * as amlc from "../src/index.ts";
import { ROOT } from "./docs/documents.ts";
import { workFolder } from "./support/work-folder.ts";

const MIB = 1024 * 1024;
const folder = workFolder();

describe("the package that npm packs", () => {
  let packed: { readonly size: number; readonly files: readonly { readonly path: string }[] };
  let paths: string[];

  beforeAll(() => {
    const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--offline", "--loglevel=error"];
    const json = execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", shell: process.platform === "win32" });
    [packed] = Object.values(JSON.parse(json)) as [typeof packed];
    paths = packed.files.map(({ path }) => path);
  });

  test("has the program, its presets, and all that the demo needs", () => {
    const needed = ["dist/cli/main.js", "dist/index.js", "dist/index.d.ts", "configs/lora-r8-tiny.yaml"];
    const model = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
    const shipped = ["tiny", "nano"].flatMap((base) =>
      [...model, "preprocessor_config.json"].map((name) => `checkpoints/${base}/${name}`),
    );
    const tables = ["tiny/train.csv", "tiny/val.csv", "tiny/test.csv", "nano/train-2500.csv.gz", "nano/val.csv"];
    const rows = tables.map((name) => `data/${name}`);
    expect(paths).toEqual(
      expect.arrayContaining([...needed, ...shipped, ...rows, "rules/answers.yaml", "LICENSE", "README.md"]),
    );
    expect(paths.filter((path) => /^data\/tiny\/images\/.+\.jpg$/.test(path))).toHaveLength(36);
  });

  test("has a program that can be started: npx sets the mode of a linked clone once, a later build must too", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: { build: string } };
    expect(scripts.build).toContain("chmodSync('dist/cli/main.js',0o755)");
  });

  test("has nothing else, and is small", () => {
    const known =
      /^(dist|configs|rules|checkpoints\/(tiny|nano)|data\/(tiny|nano))\/|^(LICENSE|README\.md|package\.json)$/;
    expect(paths.filter((path) => !known.test(path))).toEqual([]);
    expect(paths.filter((path) => /\.test\.|(^|\/)\.|(?<!\.d)\.ts$/.test(path))).toEqual([]);
    expect(packed.size).toBeLessThan(12 * MIB);
  });
});

test("its names resolve to files that are there, and the program begins with Node's line", () => {
  const { resolve } = createRequire(join(ROOT, "package.json"));
  expect(resolve("amlc")).toBe(join(ROOT, "dist", "index.js"));
  expect(resolve("amlc/package.json")).toBe(join(ROOT, "package.json"));
  expect(() => resolve("amlc/dist/index.js")).toThrow(/not defined by "exports"/);
  const { bin, exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(existsSync(join(ROOT, exports["."].types))).toBe(true);
  expect(readFileSync(join(ROOT, bin.amlc), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test("it exports these names and no others", () => {
  expect(Object.keys(amlc).sort()).toMatchInlineSnapshot(`
    [
      "AmlcError",
      "ENTITIES",
      "InputError",
      "InterruptedError",
      "UNITS",
      "askQuestions",
      "cleanAnswers",
      "cleanTable",
      "compare",
      "convertModel",
      "cutParts",
      "dataStats",
      "demo",
      "doctor",
      "downloadImages",
      "downloadTable",
      "drawRun",
      "evaluate",
      "exportAdapter",
      "exportMerged",
      "exportOnnx",
      "formatAnswer",
      "initModel",
      "inspectModel",
      "joinTables",
      "load",
      "loadConfig",
      "loadDataSettings",
      "makeBase",
      "openRunLog",
      "outcomeOf",
      "parseAnswer",
      "parseConfig",
      "parseDataSettings",
      "planRun",
      "predict",
      "pullModel",
      "quantizeModel",
      "removeTensorflow",
      "reportRun",
      "rerun",
      "resume",
      "sampleTable",
      "sanity",
      "scoreFiles",
      "scoreRows",
      "setupTensorflow",
      "splitTable",
      "submit",
      "synthTable",
      "trackSync",
      "train",
    ]
  `);
});

test("its types tell a strict program what is right and what is not", () => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules", "amlc"), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "main.ts"), PROGRAM);
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules", "@types")];
  const compile = [tsc, "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--module", "nodenext", ...types];
  expect(spawnSync(process.execPath, [...compile, "main.ts"], { cwd: folder, encoding: "utf8" }).stdout).toBe("");
});

const PROGRAM = `
import { type Config, type EvaluationResult, evaluate, loadConfig, resume, train, type TrainResult } from "amlc";

const config: Config = loadConfig({ config: "lora-r8-tiny" });
const faster: Config = { ...config, train: { ...config.train, lr: 0.02, schedule: "linear" } };
const { signal } = new AbortController();
const { run, steps }: TrainResult = await train(faster, { signal, observer: { step: ({ loss }, total) => [loss, total] } });
const again: TrainResult = await resume(run);
const { score, predictions }: EvaluationResult = await evaluate({ run, split: "val", checkpoint: "best" });
const numbers: number[] = [steps, again.loss, score.f1, score.by_entity["item_weight"]!.tp, predictions[0]!.index];

// @ts-expect-error a rank is a number
const misspelt: Config["lora"]["rank"] = "eight";
// @ts-expect-error there is no such schedule
const unknown: Config["train"]["schedule"] = "stairs";
// @ts-expect-error the split is missing
await evaluate({ run });
// @ts-expect-error a configuration is more than its base
await train({ base: "checkpoints/tiny" });
export { misspelt, numbers, unknown };
`;
