import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Tensors } from "../../src/engine/engine.ts";
import { type MergedDtype, writeMerged } from "../../src/export/merged.ts";
import { type MergedWeights, openMergedWeights } from "../../src/export/merged-weights.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../../src/formats/half.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../src/formats/safetensors-write.ts";
import { readCompanions, writeCompanions } from "../../src/model/companions.ts";
import { type Adapter, initAdapter, loraModules } from "../../src/model/lora.ts";
import { loadModel } from "../../src/model/model.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { random } from "../../src/util/random.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";
import { mergeAdapter } from "../support/merge-adapter.ts";
import { workFolder } from "../support/work-folder.ts";

const TINY = "checkpoints/tiny";
const folder = workFolder();
const lora = { rank: 4, alpha: 6, rslora: true, dropout: 0, targets: ["q_proj", "fc1", "down_proj"], exclude: null };

const SCALE = lora.alpha / Math.sqrt(lora.rank);

const base = await loadModel(TINY, "f32");
const adapter = drawAdapter();

/** As training leaves one: B is not zero. */
function drawAdapter(): Adapter {
  const source = random(3, "B");
  const fresh = initAdapter(loraModules(paligemmaParameters(base.config), lora), lora.rank, random(3, "A"));
  const drawn = [...fresh].map(([path, { a, b }]) => {
    return [
      path,
      {
        a,
        b: tensor(
          "f32",
          b.shape,
          b.data.map(() => source.uniform() / 10),
        ),
      },
    ] as const;
  });
  return new Map(drawn);
}

const named = { source: "adapter", saved: { config: lora, weights: adapter, base: null } };

async function write(name: string, weights: MergedWeights, options: Partial<Parameters<typeof writeMerged>[2]> = {}) {
  const path = join(folder, name);
  mkdirSync(path);
  return { path, written: await writeMerged(path, weights, { dtype: "fp32", ...options }) };
}

/** A folder like the tiny base, with weights and settings of its own. */
async function writeBase(name: string, weights: Readonly<Record<string, Tensor>>, change = (json: object) => json) {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, "model.safetensors"), encodeSafetensors(new Map(Object.entries(weights))));
  await writeCompanions(await readCompanions(TINY), path);
  const config = join(path, "config.json");
  writeFileSync(config, JSON.stringify(change(JSON.parse(readFileSync(config, "utf8")))));
  return path;
}

/** Names of weights that are not the same to the bit; all when the names are not. */
function differences(found: Tensors, wanted: Tensors): string[] {
  const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const names = [...new Set([...Object.keys(found), ...Object.keys(wanted)])];
  return names.filter((name) => !found[name] || !wanted[name] || !bytes(found[name]).equals(bytes(wanted[name])));
}

const configOf = (path: string) => JSON.parse(readFileSync(join(path, "config.json"), "utf8"));

test("merged weights are those of base and adapter added up, and all else of the base is there", async () => {
  await using weights = await openMergedWeights(TINY, named);
  const { path, written } = await write("merged", weights);
  const merged = await loadModel(path, "f32");
  expect(differences(merged.weights, mergeAdapter(base.weights, adapter, SCALE))).toEqual([]);
  expect(differences(merged.weights, base.weights)).toEqual([...adapter.keys()].map((path) => `${path}.weight`));
  expect(merged.config).toEqual(base.config);
  expect(written.files.toSorted()).toEqual(readdirSync(path).toSorted());
  expect(readdirSync(path)).toEqual(readdirSync(TINY));
  expect(readFileSync(join(path, "tokenizer.json")).equals(readFileSync(join(TINY, "tokenizer.json")))).toBe(true);
  expect(written.bytes).toBe(4 * written.parameters);
});

test("a base in half precision is added to in float32: nothing is rounded on the way", async () => {
  const halves = Object.entries(base.weights).map(([name, { shape, data }]) => {
    return [name, tensor("f16", shape, f32ToF16(data as Float32Array))] as const;
  });
  const path = await writeBase("half", Object.fromEntries(halves));
  await using weights = await openMergedWeights(path, named);
  const merged = await loadModel((await write("of-half", weights)).path, "f32");
  const wide = Object.fromEntries(
    halves.map(([name, { shape, data }]) => [name, tensor("f32", shape, f16ToF32(data))]),
  );
  expect(differences(merged.weights, mergeAdapter(wide, adapter, SCALE))).toEqual([]);
});

const ROUNDED: Readonly<Record<MergedDtype, (numbers: Float32Array) => Float32Array>> = {
  fp32: (numbers) => numbers,
  fp16: (numbers) => f16ToF32(f32ToF16(numbers)),
  bf16: (numbers) => bf16ToF32(f32ToBf16(numbers)),
};

test.each([
  ["fp32", "F32", "float32"],
  ["fp16", "F16", "float16"],
  ["bf16", "BF16", "bfloat16"],
] as const)("%s: weights are rounded once, and config.json says so in both spellings", async (dtype, stored, torch) => {
  const like = await writeBase(`like-${dtype}`, base.weights, (json) => ({
    ...json,
    torch_dtype: "float64",
    text_config: { ...(json as { text_config: object }).text_config, torch_dtype: "float64" },
  }));
  await using weights = await openMergedWeights(like, named);
  const { path } = await write(dtype, weights, { dtype });
  const { text_config: text, ...config } = configOf(path);
  expect([config.dtype, config.torch_dtype, text.torch_dtype]).toEqual([torch, torch, torch]);
  expect(text).not.toHaveProperty("dtype");
  const file = await openSafetensors(join(path, "model.safetensors"));
  expect(new Set([...file.entries.values()].map((entry) => entry.dtype))).toEqual(new Set([stored]));
  await file.close();
  const found = await loadModel(path, "f32");
  const whole = Object.entries(mergeAdapter(base.weights, adapter, SCALE)).map(([name, { shape, data }]) => {
    return [name, tensor("f32", shape, ROUNDED[dtype](data as Float32Array))] as const;
  });
  expect(differences(found.weights, Object.fromEntries(whole))).toEqual([]);
});

test("a base whose config.json names no type gets one", async () => {
  const path = await writeBase("untold", base.weights, ({ dtype: _, ...json }: { dtype?: string }) => json);
  await using weights = await openMergedWeights(path);
  expect(configOf((await write("told", weights)).path).dtype).toBe("float32");
});

test("weights that are too many for a file are cut into several, with an index", async () => {
  await using weights = await openMergedWeights(TINY, named);
  const told: number[] = [];
  const onWritten = (done: number, total: number) => void told.push(done / total);
  const { path, written } = await write("sharded", weights, { shardBytes: 200_000, onWritten });
  const shards = readdirSync(path).filter((name) => name.endsWith(".safetensors"));
  expect(shards.length).toBeGreaterThan(3);
  expect(shards[0]).toBe(`model-00001-of-0000${shards.length}.safetensors`);
  const index = JSON.parse(readFileSync(join(path, "model.safetensors.index.json"), "utf8"));
  expect(index.metadata.total_size).toBe(written.bytes);
  expect(Object.keys(index.weight_map).toSorted()).toEqual(Object.keys(base.weights).toSorted());
  expect(written.files.toSorted()).toEqual(readdirSync(path).toSorted());
  expect(differences((await loadModel(path, "f32")).weights, mergeAdapter(base.weights, adapter, SCALE))).toEqual([]);
  expect([told.toSorted((a, b) => a - b), told.at(-1)]).toEqual([told, 1]);
});

test("a number that is beyond fp16 is refused by the name of its weight", async () => {
  const name = "language_model.model.norm.weight";
  const large = tensor("f32", base.weights[name]!.shape, new Float32Array(base.weights[name]!.data.length).fill(7e4));
  await using weights = await openMergedWeights(await writeBase("large", { ...base.weights, [name]: large }));
  await expect(write("beyond", weights, { dtype: "fp16" })).rejects.toMatchObject({
    message: expect.stringContaining(`${name}: 64 of 64 numbers are beyond fp16's ±65504`),
    hint: "write it as bf16 or fp32",
  });
  const { path } = await write("within", weights, { dtype: "bf16" });
  const rounded = bf16ToF32(f32ToBf16(Float32Array.of(7e4)));
  expect(new Set((await loadModel(path, "f32")).weights[name]!.data as Float32Array)).toEqual(new Set(rounded));
});

test("an adapter of another model is refused before anything is written", async () => {
  const other = new Map([...adapter].slice(1));
  const saved = { ...named.saved, weights: other };
  await expect(openMergedWeights(TINY, { source: "other", saved })).rejects.toThrow(/other: .*lacks 1 that/);
});
