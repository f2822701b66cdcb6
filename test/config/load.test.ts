import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatConfig, loadConfig, loadDataSettings, parseConfig } from "../../src/config/load.ts";
import { InputError } from "../../src/util/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "amlc-config-"));
const MINIMAL = { base: "base", data: { train: "train.csv", images: "images" } };

let files = 0;
function yamlFile(text: string): string {
  const file = join(folder, `${files++}.yaml`);
  writeFileSync(file, text);
  return file;
}

function faultsOf(load: () => unknown): string[] {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message.split("\n").map((line) => line.replace(/^\/.*\.yaml/, "FILE"));
  }
  return [];
}

function aliasBomb(): string {
  const line = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(of).join(", ")}]`;
  return [line("a", "1"), line("b", "*a"), line("c", "*b"), line("d", "*c"), line("e", "*d")].join("\n");
}

describe("a good configuration", () => {
  test("needs the base and the training data alone; the rest are the values of the shipped preset", () => {
    const { train, lora } = parseConfig(MINIMAL);
    const preset = loadConfig({ config: "lora-r8-tiny" });
    expect({ train, lora }).toEqual({ train: preset.train, lora: preset.lora });
  });

  test("reads 1.0e-2 and 1e-4 as numbers, a list or a regex as targets", () => {
    const config = loadConfig({
      config: "lora-r8-tiny",
      sets: ["train.eps=1.0e-2", "train.lr=1e-4", "lora.targets=.*language_model.*(q|v)_proj"],
    });
    expect(config.train).toMatchObject({ eps: 0.01, lr: 0.0001 });
    expect(config.lora.targets).toBe(".*language_model.*(q|v)_proj");
  });

  test("takes overrides in order, with YAML's own null and lists", () => {
    const sets = ["train.max_steps=5", "train.epochs=null", "train.betas=[0.8, 0.9]", "train.max_steps=7"];
    const { train } = loadConfig({ config: "lora-r8-tiny", sets });
    expect(train).toMatchObject({ max_steps: 7, epochs: null, betas: [0.8, 0.9] });
  });

  test("comes back the same from its own YAML", () => {
    const positive = fc.double({ min: 1e-300, max: 1000, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        fc.string({ minLength: 1 }),
        fc.string({ minLength: 1 }),
        (lr, eps, base, dir) => {
          const config = parseConfig({ ...MINIMAL, base, train: { lr, eps }, run: { dir } });
          expect(loadConfig({ config: yamlFile(formatConfig(config)) })).toEqual(config);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("a bad configuration", () => {
  test("lists every fault with its place, key, value and what is valid", () => {
    const file = yamlFile(
      [
        "base: 3",
        "data: { train: a, images: b, prompt: '{entitty}' }",
        "lora:",
        "  rnak: 4",
        "  rank: 0",
        "  targets: (a",
        "train: { lr: fast, schedule: cosin, betas: [1, 0.9] }",
        "engine: { weights: int9, providers: [cdua] }",
      ].join("\n"),
    );
    expect(faultsOf(() => loadConfig({ config: file })).sort()).toMatchInlineSnapshot(`
      [
        "FILE:1:1: base is 3; valid: text",
        "FILE:2:30: data.prompt is "{entitty}"; may hold {entity} and no other braces",
        "FILE:4:3: unknown key lora.rnak; did you mean "rank"?",
        "FILE:5:3: lora.rank is 0; valid: whole number from 1 to 4096",
        "FILE:6:3: lora.targets is "(a"; must be a regular expression that compiles",
        "FILE:7:10: train.lr is "fast"; valid: number from 0 to 1000",
        "FILE:7:20: train.schedule is "cosin"; valid: cosine, linear or constant; did you mean "cosine"?",
        "FILE:7:37: train.betas is [1,0.9]; valid: [number from 0 below 1, number from 0 below 1]",
        "FILE:8:11: engine.weights is "int9"; valid: fp32, fp16, int8 or int8x2; did you mean "int8"?",
        "FILE:8:26: engine.providers is ["cdua"]; valid: list of cpu, cuda, tensorrt, dml, coreml, webgpu or qnn; did you mean "cuda"?",
      ]
    `);
  });

  test("names the override at fault, even one that makes its own group", () => {
    const sets = ["trian.lr=1", "train.eps.x=3", "run.name=../x", "lora.alpha=-1"];
    expect(faultsOf(() => loadConfig({ config: yamlFile(formatConfig(parseConfig(MINIMAL))), sets }))).toEqual([
      "--set lora.alpha=-1: lora.alpha is -1; valid: number above 0",
      '--set train.eps.x=3: train.eps is {"x":3}; valid: number above 0',
      "--set run.name=../x: run.name is \"../x\"; must be a folder name: at most 64 letters, digits, '.', '_' or '-', with no leading '.' or '-'",
      '--set trian.lr=1: unknown key trian; did you mean "train"?',
    ]);
  });

  test.each([
    ["a key without its group", "rank=3", 'unknown key rank; did you mean "lora.rank"?'],
    [
      "__proto__",
      "__proto__.x=1",
      "unknown key __proto__; there are: base, tune, data, lora, train, eval, decode, engine, track, run",
    ],
    ["a value that is no YAML", "train.lr=[1", "Flow sequence must end with a ]"],
    ["no value", "lr", "not of the form key=value"],
    ["a group made a number", "train=3", "train is 3; valid: group of keys"],
    [
      "no epochs and no steps",
      "train.epochs=null",
      "train.epochs is null; must be a number when train.max_steps is null",
    ],
    ["patience without evaluations", "eval.patience=2", "eval.patience is 2; needs eval.every above 0"],
    ["nothing where a path is wanted", 'base=""', 'base is ""; must not be empty'],
    ["an empty list", "engine.providers=[]", "engine.providers is []; must not be empty"],
    [
      "more letters than there may be",
      `track.wandb.id=${"x".repeat(129)}`,
      /^track\.wandb\.id is .*; must have at most 128 characters$/,
    ],
    [
      "a seed of more than 32 bits",
      "train.seed=4294967296",
      "train.seed is 4294967296; valid: whole number from 0 to 4294967295",
    ],
    [
      "a dropout that is kept as none",
      "lora.dropout=0.001",
      "lora.dropout is 0.001; is kept in 256ths, and rounds to 0: the least above it is 0.00390625",
    ],
    [
      "a dropout that is kept as all",
      "lora.dropout=0.999",
      "lora.dropout is 0.999; is kept in 256ths, and rounds to 1: the most below it is 0.99609375",
    ],
    ["infinite rate", "train.lr=.inf", "train.lr is Infinity; valid: number from 0 to 1000"],
  ])("%s", (_, set, fault) => {
    const [found, ...more] = faultsOf(() => loadConfig({ config: "lora-r8-tiny", sets: [set] }));
    expect(more).toEqual([]);
    expect(found!.slice(`--set ${set}: `.length)).toEqual(
      typeof fault === "string" ? fault : expect.stringMatching(fault),
    );
  });

  test("a text of a wrong form, in the schema's words", () => {
    const download = "download.hosts=[https://x.org]";
    expect(faultsOf(() => loadDataSettings({ sets: [download] }))).toEqual([
      `--set ${download}: download.hosts is ["https://x.org"]; must hold host names, as images.example.org or *.example.org`,
    ]);
    const limit = "clean.limits.width=[small, 1 metre]";
    expect(faultsOf(() => loadDataSettings({ sets: [limit] }))[0]).toMatch(
      /; must be a value such as 0\.1 millimetre$/,
    );
  });

  test.each([
    ["brackets", "[".repeat(5000) + "]".repeat(5000)],
    ["braces", "{a: ".repeat(5000) + "}".repeat(5000)],
    ["brackets, a hundred", "[".repeat(100) + "]".repeat(100)],
    ["dashes", "- ".repeat(5000)],
  ])("%s that are nested too deeply, in a file, a set or a program's object", (_, nested) => {
    const file = () => loadConfig({ config: yamlFile(`base:\n  ${nested}`) });
    expect(faultsOf(file)[0]).toMatch(/^FILE(:\d+:\d+)?: is nested too deeply$/);
    const sets = [`base=${nested}`];
    expect(faultsOf(() => loadConfig({ config: "lora-r8-tiny", sets }))[0]).toMatch(
      /^--set base=.*: is nested too deeply$/,
    );
    const values = Array.from({ length: 20_000 }).reduce<unknown>((inner) => [inner], "base");
    expect(faultsOf(() => parseConfig({ ...MINIMAL, base: values }))).toEqual(["configuration: is nested too deeply"]);
  });

  test("a key of very many parts", () => {
    const sets = [`${"a.".repeat(20_000)}a=1`];
    expect(faultsOf(() => loadConfig({ config: "lora-r8-tiny", sets }))[0]).toMatch(/: is nested too deeply$/);
  });

  test("evaluations without validation rows", () => {
    const sets = ["eval.every=5", "data.val=null"];
    expect(faultsOf(() => loadConfig({ config: "lora-r8-tiny", sets }))).toEqual([
      "--set eval.every=5: eval.every is 5; needs data.val",
    ]);
  });

  test("warm-up longer than the training", () => {
    const sets = ["train.max_steps=3", "train.warmup_steps=4"];
    expect(faultsOf(() => loadConfig({ config: "lora-r8-tiny", sets }))).toEqual([
      "--set train.warmup_steps=4: train.warmup_steps is 4; must not be above train.max_steps: a shorter run wants a shorter warm-up, --set train.warmup_steps=0",
    ]);
  });

  test.each([
    ["a missing key", "base: x\ndata: { images: i }", "FILE:2:1: data.train is missing; valid: text"],
    ["a missing group", "base: x", "FILE: data is missing; valid: group of keys"],
    ["an empty file's keys", "", "FILE: base is missing; valid: text"],
    ["a list", "- 1", "FILE: the configuration is [1]; valid: group of keys"],
    ["a key written twice", "base: x\nbase: y", "FILE:2:1: Map keys must be unique"],
    ["an open quote", "base: 'x", "FILE:1:9: Missing closing 'quote"],
    ["aliases without end", aliasBomb(), "FILE: Excessive alias count indicates a resource exhaustion attack"],
    ["an unknown tag", "base: !!python/object x", "FILE:1:7: Unresolved tag: tag:yaml.org,2002:python/object"],
  ])("%s", (_, text, fault) => expect(faultsOf(() => loadConfig({ config: yamlFile(text) }))).toContain(fault));

  test("a folder, or nothing, where a file was meant", () => {
    expect(faultsOf(() => loadConfig({ config: folder }))[0]).toContain("there is no such file");
    expect(() => loadConfig({ config: "lora-r8-tyni" })).toThrow("no preset of that name");
  });
});
