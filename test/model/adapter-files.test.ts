import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { f32ToF16 } from "../../src/formats/half.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../src/formats/safetensors-write.ts";
import {
  decodeAdapter,
  encodeAdapter,
  matchAdapter,
  readAdapter,
  type SavedAdapter,
} from "../../src/model/adapter-files.ts";
import { loraModules } from "../../src/model/lora.ts";
import { readModelConfig } from "../../src/model/model-config.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { ADAPTER_DIALECTS } from "../../src/model/weight-names.ts";
import { InputError } from "../../src/util/errors.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";

const TINY = join(import.meta.dirname, "../goldens/tiny");
const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";

const json = JSON.parse(await readFile(join(TINY, "adapter", CONFIG), "utf8"));
const stored = new Map(await readSafetensors(join(TINY, "adapter", WEIGHTS)));
const adapter = await readAdapter(join(TINY, "adapter"));
const model = paligemmaParameters(await readModelConfig(join(TINY, "model")));
const modules = loraModules(model, adapter.config);

const Q = "language_model.model.layers.0.self_attn.q_proj";
const Q_A = "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight";
const Q_B = Q_A.replace("lora_A", "lora_B");

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "amlc-adapter-")), "adapter");
  await cp(join(TINY, "adapter"), folder, { recursive: true });
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

const putWeights = (tensors: Iterable<readonly [string, Tensor]>) =>
  writeFile(join(folder, WEIGHTS), encodeSafetensors(new Map(tensors)));

const putConfig = (change: object) => writeFile(join(folder, CONFIG), JSON.stringify({ ...json, ...change }));

async function refusal(): Promise<InputError> {
  const error = await readAdapter(folder).then(
    () => new Error("the adapter was accepted"),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

describe("an adapter that PEFT wrote", () => {
  test("is read with its settings and all its matrices", () => {
    expect(adapter.config).toMatchObject({ rank: 8, alpha: 16, dropout: 0, rslora: false, exclude: null });
    expect(adapter.weights.size).toBe(20);
    expect(adapter.weights.get(Q)).toEqual({ a: stored.get(Q_A), b: stored.get(Q_B) });
    expect(() => matchAdapter("adapter", adapter.weights, modules)).not.toThrow();
  });

  test("is written again byte for byte", async () => {
    const original = await readFile(join(folder, WEIGHTS));
    expect(Buffer.compare(encodeAdapter(adapter)[WEIGHTS], original)).toBe(0);
  });

  test("is read where it names no layers, by null or by nothing", async () => {
    await putConfig({ layers_to_transform: null, layers_pattern: [] });
    expect(await readAdapter(folder)).toEqual(adapter);
  });

  test("in half precision is read as fp32", async () => {
    await putWeights([...stored].map(([k, t]) => [k, tensor("f16", t.shape, f32ToF16(t.data as Float32Array))]));
    const half = await readAdapter(folder);
    expect(f32ToF16(half.weights.get(Q)!.a.data)).toEqual(f32ToF16(stored.get(Q_A)!.data as Float32Array));
  });
});

describe("an adapter that is written", () => {
  test.each(ADAPTER_DIALECTS)("for %s is read back the same", async (dialect) => {
    const files = encodeAdapter({ ...adapter, base: "google/paligemma-3b-pt-448" }, dialect);
    const bytes = { [CONFIG]: Buffer.from(files[CONFIG]), [WEIGHTS]: files[WEIGHTS] };
    const back = await decodeAdapter("memory", bytes);
    expect(back).toEqual({ ...adapter, base: "google/paligemma-3b-pt-448" });
  });

  test("holds the settings that every release of PEFT knows, with PEFT's own values", () => {
    const written = JSON.parse(encodeAdapter(adapter)[CONFIG]);
    expect(Object.keys(written)).toHaveLength(14);
    expect(json).toMatchObject(written);
  });

  test("spells modules out when names differ between releases", () => {
    const some = new Map([...adapter.weights].slice(0, 2));
    const regex: SavedAdapter = { ...adapter, weights: some, config: { ...adapter.config, targets: ".*language.*" } };
    const targets = (files: { [CONFIG]: string }) => JSON.parse(files[CONFIG]).target_modules;
    expect(targets(encodeAdapter(regex))).toEqual([
      "model.language_model.layers.0.mlp.down_proj",
      "model.language_model.layers.0.mlp.gate_proj",
    ]);
    expect(targets(encodeAdapter(regex, "transformers<4.52"))[0]).toBe("language_model.model.layers.0.mlp.down_proj");
    const without = { ...adapter, config: { ...adapter.config, exclude: ".*vision.*" } };
    expect(targets(encodeAdapter(without))).toHaveLength(20);
  });
});

describe("an adapter is refused by file and key when", () => {
  test.each([
    [{ peft_type: "IA3" }, /peft_type: is "IA3", only "LORA" is supported/],
    [{ r: 0 }, /: r: /],
    [{ lora_alpha: undefined }, /: lora_alpha: /],
    [{ use_dora: true }, /: use_dora: is true, which is not supported/],
    [{ fan_in_fan_out: true }, /: fan_in_fan_out: is true/],
    [{ bias: "all" }, /: bias: is "all", only "none" is supported/],
    [{ modules_to_save: ["lm_head"] }, /: modules_to_save: is \["lm_head"\]/],
    [{ rank_pattern: { q_proj: 4 } }, /: rank_pattern: is \{"q_proj":4\}/],
    [{ alpha_pattern: { q_proj: 4 } }, /: alpha_pattern: is /],
    [{ lora_bias: true }, /: lora_bias: is true/],
    [{ init_lora_weights: "pissa" }, /: init_lora_weights: /],
    [{ layers_to_transform: [0] }, /: layers_to_transform: is \[0\], which is not supported/],
    [{ layers_to_transform: 0 }, /: layers_to_transform: is 0, which is not supported/],
    [{ layers_pattern: "layers" }, /: layers_pattern: is "layers", which is not supported/],
    [{ target_modules: "(?P<x>.*)q_proj" }, /: target_modules: is "\(\?P<x>\.\*\)q_proj", which .* only in Python/],
    [{ target_modules: ".*\\.q_proj\\Z" }, /: target_modules: is .*, which .* only in Python/],
    [{ exclude_modules: "(?i).*VISION.*" }, /: exclude_modules: is .*, which .* only in Python/],
    [{ a_setting_of_tomorrow: "on" }, /: a_setting_of_tomorrow: is "on", which is not supported/],
  ])("its configuration is %j", async (change, message) => {
    await putConfig(change);
    const error = await refusal();
    expect(error.message).toMatch(message);
    expect(error.message).toContain(join(folder, CONFIG));
  });

  test("keys are those of another model", async () => {
    const foreign = (key: string) => key.replace("language_model.", "");
    await putWeights([...stored].map(([k, t]) => [foreign(k), t]));
    const error = await refusal();
    expect(error.message).toContain(`${join(folder, WEIGHTS)}: 28 of 40 keys are no LoRA of PaliGemma: `);
    expect(error.message).toContain(`${foreign(Q_A).replace("self_attn.q_proj", "mlp.down_proj")}`);
    expect(error.hint).toContain(Q_A);
  });

  test("one matrix of a pair is missing", async () => {
    await putWeights([...stored].filter(([k]) => k !== Q_B));
    expect((await refusal()).message).toContain(`modules with only one of lora_A and lora_B: ${Q}`);
  });

  test("one matrix is there twice, in two dialects", async () => {
    const old = Q_A.replace("model.model.language_model.", "model.language_model.model.");
    await putWeights([...stored, [old, stored.get(Q_A)!]]);
    expect((await refusal()).message).toContain("twice, in two spellings");
  });

  test("its rank is not that of its configuration", async () => {
    await putConfig({ r: 4 });
    expect((await refusal()).message).toMatch(/lora_A\.weight: is \[8,96\], but with r 4 .* must be \[4,in\]/);
  });

  test("a number is NaN", async () => {
    await putWeights([...stored, [Q_A, tensor("f32", [8, 64], new Float32Array(512).fill(Number.NaN))]]);
    expect((await refusal()).message).toBe(`${join(folder, WEIGHTS)}: ${Q_A}: 512 of 512 numbers are NaN or infinite`);
  });

  test("it holds nothing, or one of its files is missing", async () => {
    await putWeights([]);
    expect((await refusal()).message).toContain("holds no adapter");
    await rm(join(folder, WEIGHTS));
    expect((await refusal()).message).toContain(`${join(folder, WEIGHTS)}: no such file`);
  });
});

describe("an adapter that does not fit the run", () => {
  test("names the modules that one has and the other has not", () => {
    const text = modules.filter(({ path }) => path.startsWith("language_model"));
    expect(() => matchAdapter("checkpoints/a", adapter.weights, text)).toThrow(
      /^checkpoints\/a: .* it has 6 that lora\.targets does not name: vision_tower\..* and 1 more$/,
    );
    const less = new Map([...adapter.weights].filter(([path]) => path !== Q));
    expect(() => matchAdapter("checkpoints/a", less, modules)).toThrow(`it lacks 1 that lora.targets names: ${Q}`);
  });

  test("because its base was wider names the module and both shapes", () => {
    const wider = modules.map((module) => (module.path === Q ? { ...module, in: 128 } : module));
    expect(() => matchAdapter("checkpoints/a", adapter.weights, wider)).toThrow(
      `checkpoints/a: ${Q}: maps 64 to 64 numbers, the base maps 128 to 64`,
    );
  });
});
