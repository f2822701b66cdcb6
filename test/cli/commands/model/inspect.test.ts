import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../../../src/cli/program.ts";
import { readSafetensors } from "../../../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../../../src/formats/safetensors-write.ts";
import { convertModel } from "../../../../src/recipes/convert-model.ts";
import { quantizeModel } from "../../../../src/recipes/quantize-model.ts";
import { train } from "../../../../src/recipes/train.ts";
import { type Tensor, tensor } from "../../../../src/util/tensor.ts";
import { tinyConfig, writeQuickRows } from "../../../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../../../support/work-folder.ts";
import { captureOutput } from "../../capture.ts";

const TINY = join("checkpoints", "tiny");
const WEIGHTS = "model.safetensors";
const folder = workFolder(FAST_FOLDER);
const at = (...names: string[]) => join(folder, ...names);
const printed = captureOutput();
const inspect = (path: string, ...more: string[]) => runProgram(["model", "inspect", path, ...more]);
const inspected = async (path: string, ...more: string[]) => {
  const code = await inspect(path, "--json", ...more);
  return { code, ...JSON.parse(printed.out) };
};

/** A copy of the tiny base under a name of its own. */
function copyTiny(name: string): string {
  cpSync(TINY, at(name), { recursive: true });
  return at(name);
}

test("a base: its sizes, and a line for each part and type", async () => {
  expect(await inspect(TINY)).toBe(0);
  expect(printed.out).toMatch(/^checkpoints\/tiny: base of 59 tensors, 197,120 numbers, 0\.8 MB, names of [\w>=.]+\n/);
  expect(printed.out).toContain("vision: 2 layers, width 32, MLP 48, 4 heads, 56 px in patches of 14: 16 tokens\n");
  expect(printed.out).toContain("language: 2 layers, width 64, MLP 96, 4 heads of 16 over 1, 1,608 words\n");
  expect(printed.out).toMatch(/\nlanguage +F32 +20 +160,576 +0\.6 MB\n/);
  expect(printed.out).not.toContain("embed_tokens");
});

test("--json has the same, and with --tensors every tensor", async () => {
  const { code, ...report } = await inspected(TINY, "--tensors");
  expect(code).toBe(0);
  expect(report).toMatchObject({ kind: "base", parameters: 197_120, bytes: 4 * 197_120, faults: [], adapter: null });
  expect(report.entries).toHaveLength(report.tensors);
  expect(report.entries).toContainEqual({
    ...{ name: "language_model.model.embed_tokens.weight", dtype: "F32", shape: [1608, 64] },
    ...{ bytes: 4 * 1608 * 64, file: WEIGHTS },
  });
});

test("only headers are read: a base of numbers that nobody could read is inspected all the same", async () => {
  const copy = copyTiny("nan");
  const bytes = readFileSync(join(copy, WEIGHTS));
  bytes.fill(0xff, bytes.length - 197_120 * 4);
  writeFileSync(join(copy, WEIGHTS), bytes);
  expect(await inspected(copy)).toMatchObject({ code: 0, parameters: 197_120 });
});

test("a base in few bits: its numbers, however many tensors they are in", async () => {
  await quantizeModel({ folder: TINY, output: at("bits"), bits: 8 });
  expect(await inspected(at("bits"))).toMatchObject({ code: 0, parameters: 197_120, faults: [] });
  expect(await inspect(at("bits"))).toBe(0);
  expect(printed.out).toContain("matrices: in 8 bits, a scale for each 64 columns\n");
});

describe("what is missing is said, with exit code 1", () => {
  test("a shard", async () => {
    await convertModel({ folder: TINY, output: at("shards"), dtype: "fp16", shardBytes: 100_000 });
    rmSync(at("shards", "model-00002-of-00004.safetensors"));
    const { code, faults } = await inspected(at("shards"));
    expect([code, faults]).toEqual([
      1,
      [
        "model-00002-of-00004.safetensors: is missing",
        "weights that are missing, 1 of 59: language_model.model.embed_tokens.weight",
      ],
    ]);
  });

  test("the end of a file", async () => {
    const copy = copyTiny("cut");
    truncateSync(join(copy, WEIGHTS), 500_000);
    const { code, faults } = await inspected(copy);
    expect([code, faults[0]]).toEqual([1, expect.stringMatching(/is cut short: it has 500000 bytes/)]);
  });

  test("a tokenizer, a weight of the right shape; and what is there and not the model's", async () => {
    const copy = copyTiny("odd");
    rmSync(join(copy, "tokenizer.json"));
    const tensors = new Map(await readSafetensors(join(copy, WEIGHTS)));
    tensors.set("language_model.model.norm.weight", tensor("f32", [3], new Float32Array(3)));
    tensors.set("language_model.model.layers.7.mlp.up_proj.weight", tensor("f32", [1], new Float32Array(1)));
    writeFileSync(join(copy, WEIGHTS), encodeSafetensors(tensors));
    expect(await inspect(copy)).toBe(1);
    expect(printed.err).toContain(
      "tensors that are none of this model's, 1: language_model.model.layers.7.mlp.up_proj.weight\n",
    );
    expect(printed.err).toContain("weights of another shape, 1: language_model.model.norm.weight [3], wanted [64]\n");
    expect(printed.err).toContain("tokenizer.json: is missing\n");
    expect(printed.err).toMatch(/odd: is not whole\nhint: /);
  });
});

describe("what loading would refuse is said without reading a number, with exit code 1:", () => {
  const Q = "language_model.model.layers.0.self_attn.q_proj.weight";
  const written = async (name: string, ...more: (readonly [string, Tensor])[]) => {
    const copy = copyTiny(name);
    const tensors = new Map(await readSafetensors(join(copy, WEIGHTS)));
    for (const [key, value] of more) tensors.set(key, value);
    writeFileSync(join(copy, WEIGHTS), encodeSafetensors(tensors));
    return copy;
  };

  test("a weight of whole numbers", async () => {
    const copy = await written("whole", [Q, tensor("i32", [64, 64], new Int32Array(64 * 64))]);
    const { code, faults } = await inspected(copy);
    expect([code, faults]).toEqual([1, [expect.stringMatching(/q_proj\.weight: is of type I32/)]]);
  });

  test("a weight that is there twice, under names of two releases", async () => {
    const twin = "model.language_model.layers.0.self_attn.q_proj.weight";
    const copy = await written("twice", [twin, tensor("f32", [64, 64], new Float32Array(64 * 64))]);
    const { code, faults } = await inspected(copy);
    expect([code, faults]).toEqual([1, [expect.stringMatching(/two tensors for one weight/)]]);
  });

  test("a preprocessor for images of another size", async () => {
    const copy = copyTiny("size");
    const json = { image_processor: { size: { height: 28, width: 28 } } };
    writeFileSync(join(copy, "processor_config.json"), JSON.stringify(json));
    const { code, faults } = await inspected(copy);
    expect([code, faults]).toEqual([1, [expect.stringMatching(/\/processor_config\.json: size: is 28 by 28/)]]);
  });
});

describe("an adapter", () => {
  const rows = writeQuickRows(at("quick.csv"));
  beforeAll(async () => {
    const settings = [`data.train=${rows}`, "train.max_steps=1", "train.warmup_steps=0", "run.name=adapted"];
    await train(tinyConfig(folder, ...settings));
  });
  const adapter = () => at("adapted", "checkpoints", "last");

  test("in a folder: rank, targets and base", async () => {
    expect(await inspected(adapter())).toMatchObject({
      ...{ code: 0, kind: "adapter", dialect: "transformers>=5.6", sizes: null, faults: [] },
      adapter: { rank: expect.any(Number), base: "checkpoints/tiny" },
    });
    expect(await inspect(adapter())).toBe(0);
    expect(printed.out).toMatch(/\nrank \d+, alpha \d+, targets .+, base checkpoints\/tiny\n/);
  });

  test("as a file alone", async () => {
    const file = join(adapter(), "adapter_model.safetensors");
    expect(await inspected(file)).toMatchObject({ code: 0, kind: "adapter", adapter: null, path: file });
  });

  test("with half of a module", async () => {
    mkdirSync(at("half"));
    cpSync(join(adapter(), "adapter_config.json"), at("half", "adapter_config.json"));
    const tensors = new Map(await readSafetensors(join(adapter(), "adapter_model.safetensors")));
    tensors.delete([...tensors.keys()].find((name) => name.endsWith("lora_A.weight"))!);
    writeFileSync(at("half", "adapter_model.safetensors"), encodeSafetensors(tensors));
    const { code, faults } = await inspected(at("half"));
    expect([code, faults]).toEqual([1, [expect.stringMatching(/^modules with only one of two matrices, 1: /)]]);
  });
});

describe("refused with exit code 2", () => {
  test.each([
    [
      "llama",
      { model_type: "llama" },
      /model_type is "llama", wanted is "paligemma": .* another family\nhint: amlc reads/,
    ],
    ["two", { model_type: "paligemma", text_config: { model_type: "gemma2" } }, /text_config\.model_type is "gemma2"/],
    ["none", {}, /model_type is "nothing"/],
  ])("another family: %s", async (name, config, message) => {
    mkdirSync(at(name));
    writeFileSync(at(name, "config.json"), JSON.stringify(config));
    expect(await inspect(at(name))).toBe(2);
    expect(printed.err).toMatch(message);
  });

  test("a file of another family", async () => {
    const file = at("llama.safetensors");
    writeFileSync(file, encodeSafetensors(new Map([["model.layers.0.a", tensor("f32", [1], new Float32Array(1))]])));
    expect(await inspect(file)).toBe(2);
    expect(printed.err).toMatch(/llama\.safetensors: no tensor has a name of PaliGemma's: model\.layers\.0\.a\n/);
  });

  test("nothing at all", async () => {
    expect(await inspect(at("nowhere"))).toBe(2);
    expect(printed.err).toMatch(/nowhere: no such folder or file/);
  });
});
