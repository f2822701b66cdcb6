import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../src/formats/safetensors-write.ts";
import { readAdapter } from "../../src/model/adapter-files.ts";
import { openCheckpoint } from "../../src/model/checkpoint.ts";
import { loraScale } from "../../src/model/lora.ts";
import { mergeWeight } from "../../src/model/merge.ts";
import { loadModel } from "../../src/model/model.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { exportMerged } from "../../src/recipes/export.ts";
import { inspectModel } from "../../src/recipes/inspect-model.ts";
import { load } from "../../src/recipes/load.ts";
import { quantizeModel } from "../../src/recipes/quantize-model.ts";
import { train } from "../../src/recipes/train.ts";
import { runFolder } from "../../src/runs/folder.ts";
import { InputError, InterruptedError } from "../../src/util/errors.ts";
import type { Tensor } from "../../src/util/tensor.ts";
import { tinyConfig, writeQuickRows } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const TINY = join("checkpoints", "tiny");
const WEIGHTS = "model.safetensors";
const Q = "language_model.model.layers.0.self_attn.q_proj.weight";
const NORM = "language_model.model.norm.weight";
const folder = workFolder(FAST_FOLDER);
const at = (...names: string[]) => join(folder, ...names);
const rows = writeQuickRows(at("quick.csv"));

beforeAll(async () => {
  await quantizeModel({ folder: TINY, output: at("q8"), bits: 8 });
  await quantizeModel({ folder: TINY, output: at("q4"), bits: 4 });
});

describe("a base in few bits", () => {
  test("says so, and has what else was in the folder", async () => {
    expect(JSON.parse(readFileSync(at("q4", "config.json"), "utf8")).quantization_config).toEqual({
      ...{ quant_method: "amlc-blocks", bits: 4, block: 32 },
    });
    expect(readdirSync(at("q4")).sort()).toEqual(readdirSync(TINY).sort());
    expect((await loadModel(at("q4"), "f32")).config.blocks).toEqual({ bits: 4, block: 32 });
    expect((await inspectModel(at("q4"))).faults).toEqual([]);
  });

  test.each([
    ["q8", 8, 0.01],
    ["q4", 4, 0.12],
  ] as const)(
    "%s: each weight is near what it was, and what is no matrix is what it was",
    async (name, bits, limit) => {
      const output = at(`${name}-again`);
      const { kinds, parameters, bytes } = await quantizeModel({ folder: TINY, output, bits });
      expect(readFileSync(join(output, WEIGHTS)).equals(readFileSync(at(name, WEIGHTS)))).toBe(true);
      expect(parameters).toBe(197_120);
      expect(bytes).toBe((await inspectModel(output)).bytes);
      expect(kinds.map(({ part, kind }) => `${part} ${kind}`)).toContain("language down_proj");
      for (const { kind, error } of kinds) expect(error, kind).toBeLessThan(kind === "embed_tokens" ? 0.01 : limit);
      const [few, whole] = await Promise.all([loadModel(output, "f32"), loadModel(TINY, "f32")]);
      expect(few.weights[NORM]).toEqual(whole.weights[NORM]);
      expect(few.weights[Q]).toBeUndefined();
      expect(few.weights[`${Q}.packed`]).toMatchObject({ dtype: "u8" });
    },
  );

  test("comes in shards that are read alike", async () => {
    await quantizeModel({ folder: TINY, output: at("shards"), bits: 4, shardBytes: 30_000 });
    expect(readdirSync(at("shards")).filter((name) => name.endsWith(".safetensors")).length).toBeGreaterThan(2);
    expect((await loadModel(at("shards"), "f16")).weights).toEqual((await loadModel(at("q4"), "f16")).weights);
  });

  test("halves stay halves", async () => {
    const half = Object.entries((await loadModel(TINY, "f16")).weights);
    await cp(TINY, at("half"), { recursive: true });
    writeFileSync(at("half", WEIGHTS), encodeSafetensors(new Map(half)));
    await quantizeModel({ folder: at("half"), output: at("half-q8"), bits: 8 });
    expect(new Set((await inspectModel(at("half-q8"))).groups.map(({ dtype }) => dtype))).toEqual(
      new Set(["U8", "F32", "F16"]),
    );
  });
});

describe("training on it", () => {
  test("makes a run that evaluates, answers and merges by the numbers that the blocks stand for", async () => {
    const sets = [`base=${at("q4")}`, `data.train=${rows}`, "train.max_steps=3", "train.warmup_steps=0"];
    const { run } = await train(tinyConfig(folder, ...sets, "run.name=few"));
    const { predictions } = await evaluate({ run, split: rows });
    await exportMerged({ run, output: at("merged"), dtype: "fp32" });

    const [merged, saved] = await Promise.all([loadModel(at("merged"), "f32"), readAdapter(runFolder(run).best)]);
    expect(merged.config.blocks).toBeUndefined();
    await using base = await openCheckpoint(at("q4"));
    const { a, b } = saved.weights.get(Q.replace(/\.weight$/, ""))!;
    const widened = await base.read(Q, merged.weights[Q]!.shape, "f32");
    expect(merged.weights[Q]).toEqual(mergeWeight(widened, a, b, loraScale(saved.config)));

    const whole = await train(
      tinyConfig(
        folder,
        ...[`base=${at("merged")}`, `data.train=${rows}`, "train.max_steps=1", "train.warmup_steps=0", "train.lr=0"],
      ),
    );
    const { predictions: again } = await evaluate({ run: whole.run, split: rows });
    expect(again.map(({ prediction }) => prediction)).toEqual(predictions.map(({ prediction }) => prediction));
  });

  test("is known again: its adapter is not put on the base that it was made from", async () => {
    const own = await evaluate({ run: at("few"), split: rows, sets: ["engine.weights=fp16"] });
    expect(own.score.rows).toBe(6);
    await expect(evaluate({ run: at("few"), split: rows, sets: [`base=${TINY}`] })).rejects.toThrow(
      `was trained on another base than ${TINY}`,
    );
    await expect(evaluate({ run: at("few"), split: rows, sets: [`base=${at("q8")}`] })).rejects.toThrow(InputError);
  });

  test.each(["all", "vision"])("tune: %s wants a base that is whole", async (tune) => {
    const config = tinyConfig(folder, `base=${at("q8")}`, `data.train=${rows}`, `tune=${tune}`, "run.name=refused");
    await expect(train(config)).rejects.toThrow(`tune: ${tune} wants a base whose weights are whole`);
    expect(existsSync(at("refused"))).toBe(false);
  });

  test("it answers by itself, too", async () => {
    const model = await load(at("q8"));
    const image = join("data", "tiny", "images", readdirSync(join("data", "tiny", "images"))[0]!);
    expect(typeof (await model.answer(image, "item_weight")).text).toBe("string");
    await model.release();
  });
});

describe("refused is", () => {
  const spoil = async (name: string, change: (tensors: Map<string, Tensor>) => void) => {
    await cp(at("q4"), at(name), { recursive: true });
    const tensors = new Map(await readSafetensors(at(name, WEIGHTS)));
    change(tensors);
    writeFileSync(at(name, WEIGHTS), encodeSafetensors(tensors));
    const error = await loadModel(at(name), "f32").catch((error: unknown) => error);
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  };
  const configured = async (name: string, quantization: object) => {
    await cp(at("q4"), at(name), { recursive: true });
    const config = JSON.parse(readFileSync(at(name, "config.json"), "utf8"));
    writeFileSync(at(name, "config.json"), JSON.stringify({ ...config, quantization_config: quantization }));
    return loadModel(at(name), "f32").then(
      () => "loaded",
      (error: Error) => error.message,
    );
  };

  test("a weight without its scales, by file and tensor", async () => {
    expect(await spoil("no-scales", (tensors) => tensors.delete(`${Q}.scales`))).toBe(
      `${at("no-scales", WEIGHTS)}: ${Q}.packed: is half of the weight [64,64]; the other half, ${Q}.scales, is in no file`,
    );
  });

  test("bytes of another shape, and scales of another type", async () => {
    const { [`${Q}.packed`]: packed, [`${Q}.scales`]: scales } = Object.fromEntries(
      await readSafetensors(at("q4", WEIGHTS)),
    ) as Record<string, Tensor>;
    const flat = [1, ...packed!.shape];
    expect(await spoil("flat", (tensors) => tensors.set(`${Q}.packed`, { ...packed!, shape: flat }))).toContain(
      `${Q}.packed: is [${flat}], config.json wants [${packed!.shape}]`,
    );
    const whole = { dtype: "i32", shape: scales!.shape, data: new Int32Array(scales!.data.length) } as const;
    expect(await spoil("whole-scales", (tensors) => tensors.set(`${Q}.scales`, whole))).toContain(
      `${Q}.scales: is of type I32, scales of blocks are F32`,
    );
  });

  test("another method, and bits or blocks that there are none of", async () => {
    const where = (name: string) => `${at(name, "config.json")}: quantization_config`;
    expect(await configured("bnb", { quant_method: "bitsandbytes", load_in_4bit: true })).toContain(
      `${where("bnb")}.quant_method: is "bitsandbytes", only "amlc-blocks" is supported`,
    );
    expect(await configured("bits", { quant_method: "amlc-blocks", bits: 3, block: 20 })).toBe(
      `${where("bits")}.bits: is 3, wanted is 8 or 4\n${where("bits")}.block: is 20, wanted is 32 or 64 or 128`,
    );
  });

  test("a base that is quantised already, and a folder that is there", async () => {
    await expect(quantizeModel({ folder: at("q8"), output: at("twice"), bits: 4 })).rejects.toThrow(
      `${at("q8")}: is in 8 bits already`,
    );
    await expect(quantizeModel({ folder: TINY, output: at("q8"), bits: 4 })).rejects.toThrow(
      "there is a model already",
    );
  });
});

test("stopped half-way, it leaves nothing", async () => {
  const stop = new AbortController();
  const onWritten = (done: number, total: number) => void (done > total / 2 && stop.abort());
  const job = quantizeModel({ folder: TINY, output: at("stopped"), bits: 8, onWritten, signal: stop.signal });
  await expect(job).rejects.toThrow(InterruptedError);
  expect(readdirSync(folder).filter((name) => name.startsWith("stopped"))).toEqual([]);
});

test("told bytes go up to all of them", async () => {
  const told: number[] = [];
  let total = 0;
  const onWritten = (done: number, all: number) => {
    told.push(done);
    total = all;
  };
  const { bytes } = await quantizeModel({ folder: TINY, output: at("told"), bits: 4, onWritten });
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect([told.at(-1), total]).toEqual([bytes, bytes]);
});
