import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { f16ToF32, f32ToF16 } from "../../src/formats/half.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../src/formats/safetensors-write.ts";
import { type Checkpoint, openCheckpoint } from "../../src/model/checkpoint.ts";
import { parametersOf } from "../../src/model/lora.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { InputError } from "../../src/util/errors.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";

const TINY = join(import.meta.dirname, "../goldens/tiny/model");
const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** As transformers 5.23 saved it. */
const saved = new Map(await readSafetensors(join(TINY, WEIGHTS)));
const FC1 = "vision_tower.encoder.layers.0.mlp.fc1.weight";
const Q = "language_model.model.layers.0.self_attn.q_proj.weight";
const HUB_FC1 = "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight";

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "amlc-checkpoint-")), "base");
  await cp(TINY, folder, { recursive: true });
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

const put = (tensors: Iterable<readonly [string, Tensor]>, file = WEIGHTS) =>
  writeFile(join(folder, file), encodeSafetensors(new Map(tensors)));

const renamed = (rename: (name: string) => string) => [...saved].map(([name, t]) => [rename(name), t] as const);

/** Everything that is done with a checkpoint before a run starts, then `use`. */
async function opened<T>(use: (checkpoint: Checkpoint) => T | Promise<T>): Promise<T> {
  await using checkpoint = await openCheckpoint(folder);
  checkpoint.check(parametersOf(paligemmaParameters(checkpoint.config)));
  return await use(checkpoint);
}

async function refusal(): Promise<InputError> {
  const error = await opened((c) =>
    Promise.all(parametersOf(paligemmaParameters(c.config)).map(({ name, shape }) => c.read(name, shape, "f32"))),
  ).then(
    () => new Error("the checkpoint was accepted"),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

const readQ = () => opened((c) => c.read(Q, [64, 64], "f32"));
const readFc1 = () => opened((c) => c.read(HUB_FC1, [48, 32], "f32"));

describe("weights are found under the names of", () => {
  const inMemory = (name: string) => `model.${name.replace("language_model.model.", "language_model.")}`;
  const withVisionModel = (name: string) => name.replace("vision_tower.", "vision_tower.vision_model.");
  test.each([
    ["the hub", withVisionModel],
    ["transformers 4.52 in memory", (name: string) => inMemory(withVisionModel(name))],
    ["transformers 5.6 in memory", inMemory],
    ["transformers 5.23 on disk", (name: string) => name],
  ])("%s", async (_, rename) => {
    await put(renamed(rename));
    expect(await readQ()).toEqual(saved.get(Q));
    expect(await readFc1()).toEqual(saved.get(FC1));
  });

  test("files that repeat the tied output matrix and computed buffers", async () => {
    const embedding = saved.get("language_model.model.embed_tokens.weight")!;
    const positions = tensor("i64", [1, 2], BigInt64Array.of(0n, 1n));
    await put([
      ...saved,
      ["language_model.lm_head.weight", embedding],
      ["lm_head.weight", embedding],
      ["vision_tower.vision_model.embeddings.position_ids", positions],
    ]);
    expect(await readQ()).toEqual(saved.get(Q));
  });
});

describe("shards", () => {
  const [A, B] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const half = [...saved].slice(0, 20);
  const rest = [...saved].slice(20);
  const map = (file: string, tensors: typeof half) => tensors.map(([name]) => [name, file]);
  const index = (entries: readonly (readonly string[])[]) =>
    writeFile(join(folder, INDEX), JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(entries) }));

  beforeEach(async () => {
    await rm(join(folder, WEIGHTS));
    await put(half, A);
    await put(rest, B);
  });

  test("are read by their index, or without one", async () => {
    expect(await readQ()).toEqual(saved.get(Q));
    await index([...map(A, half), ...map(B, rest)]);
    expect(await readQ()).toEqual(saved.get(Q));
    expect(await readFc1()).toEqual(saved.get(FC1));
  });

  test("that are missing are named", async () => {
    await index([...map(A, half), ...map(B, rest)]);
    await rm(join(folder, B));
    const error = await refusal();
    expect(error.message).toContain(`${join(folder, INDEX)}: 1 of 2 shards missing: ${B}`);
    expect(error.hint).toContain("fetch the missing files");
  });

  test("that lack a tensor of the index are named with it", async () => {
    await index([...map(A, half), ...map(A, rest)]);
    expect((await refusal()).message).toContain(`names tensors that their shards lack: ${rest[0][0]} (in ${A})`);
  });

  test.each(["../base/model.safetensors", "/etc/passwd", "a\\b.safetensors", "config.json"])(
    "outside the folder or of another kind are refused: %s",
    async (file) => {
      await index([...map(A, half), ["x", file]]);
      expect((await refusal()).message).toMatch(/index\.json: weight_map\.x: .* is no name of a \.safetensors file/);
    },
  );

  test("that hold one weight twice are refused", async () => {
    await put([...rest, half[0]], B);
    expect((await refusal()).message).toMatch(new RegExp(`two tensors for one weight: .*${A}.* and .*${B}`));
  });

  test("of nothing but an adapter get a hint", async () => {
    await rm(join(folder, A));
    await rm(join(folder, B));
    await cp(join(TINY, "../adapter"), folder, { recursive: true });
    expect((await refusal()).hint).toContain("this is an adapter");
  });
});

describe("a checkpoint is refused by file and key when", () => {
  test("it is cut short", async () => {
    await truncate(join(folder, WEIGHTS), 400_000);
    expect((await refusal()).message).toBe(
      `${join(folder, WEIGHTS)}: is cut short: it has 400000 bytes, its header promises 467496`,
    );
  });

  test("a weight is missing", async () => {
    await put([...saved].filter(([name]) => name !== FC1));
    expect((await refusal()).message).toContain(`1 weights are in none of its files: ${HUB_FC1} [48,32]`);
  });

  test.each(["vision_tower.encoder.layers.2.mlp.fc1.weight", "language_model.score.weight", "anything"])(
    "it has a weight that the model has not: %s",
    async (name) => {
      await put([...saved, [name, tensor("f32", [1], new Float32Array(1))]]);
      expect((await refusal()).message).toContain(
        `1 tensors are none of this model's: ${join(folder, WEIGHTS)}: ${name}`,
      );
    },
  );

  test("a weight is of another shape", async () => {
    await put([...saved, [FC1, tensor("f32", [32, 48], new Float32Array(32 * 48))]]);
    expect((await refusal()).message).toBe(`${join(folder, WEIGHTS)}: ${FC1}: is [32,48], config.json wants [48,32]`);
  });

  describe("its output matrix is not the table of embeddings, which would stand in for it:", () => {
    const TABLE = "language_model.model.embed_tokens.weight";
    const { shape, data } = saved.get(TABLE)! as Tensor<"f32">;
    const [rows, width] = shape as [number, number];

    test.each(["lm_head.weight", "language_model.lm_head.weight", "model.lm_head.weight"])("%s", async (name) => {
      for (const row of [0, rows - 1]) {
        const numbers = Float32Array.from(data);
        numbers[row * width + 3] += 1e-3;
        await put([...saved, [name, tensor("f32", shape, numbers)]]);
        const error = await refusal();
        expect(error.message).toBe(
          `${join(folder, WEIGHTS)}: ${name}: row ${row} is not that of ${TABLE}, with which it must be tied`,
        );
        expect(error.hint).toContain("tie_word_embeddings");
      }
    });

    test("of another shape", async () => {
      await put([...saved, ["lm_head.weight", tensor("f32", [rows - 1, width], data.slice(width))]]);
      expect((await refusal()).message).toContain(
        `lm_head.weight: is [${rows - 1},${width}], ${TABLE} [${rows},${width}]`,
      );
    });

    test("in another type it may be the same", async () => {
      const halves = f32ToF16(data);
      const table = [TABLE, tensor("f32", shape, f16ToF32(halves))] as const;
      await put([...saved, table, ["lm_head.weight", tensor("f16", shape, halves)]]);
      expect(await readQ()).toEqual(saved.get(Q));
    });
  });

  test("a weight is quantised", async () => {
    await put([...saved, [FC1, tensor("u8", [48, 32], new Uint8Array(32 * 48))]]);
    expect((await refusal()).message).toContain(`${FC1}: is of type U8`);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("a weight holds %s", async (bad) => {
    const numbers = Float32Array.from(saved.get(FC1)!.data as Float32Array);
    numbers[7] = bad;
    numbers[1000] = bad;
    await put([...saved, [FC1, tensor("f32", [48, 32], numbers)]]);
    expect((await refusal()).message).toBe(`${join(folder, WEIGHTS)}: ${FC1}: 2 of 1536 numbers are NaN or infinite`);
  });

  test("its folder does not exist or is a file", async () => {
    await expect(openCheckpoint(join(folder, "nowhere"))).rejects.toThrow("nowhere: no such folder");
    await expect(openCheckpoint(join(folder, WEIGHTS))).rejects.toThrow("is not a folder");
  });
});

describe("as fp16", () => {
  test("weights are rounded to the nearest half", async () => {
    const weight = await opened((c) => c.read(Q, [64, 64], "f16"));
    expect(weight).toEqual(tensor("f16", [64, 64], f32ToF16(saved.get(Q)!.data as Float32Array)));
  });

  test("a weight beyond its range is refused, not made infinite", async () => {
    const numbers = Float32Array.from(saved.get(Q)!.data as Float32Array);
    numbers[0] = 70_000;
    await put([...saved, [Q, tensor("f32", [64, 64], numbers)]]);
    await expect(opened((c) => c.read(Q, [64, 64], "f16"))).rejects.toThrow(
      "1 of 4096 numbers are NaN or infinite, or beyond",
    );
    expect((await readQ()).data[0]).toBe(70_000);
  });
});

test("the checkpoint that ships is whole", async () => {
  await using checkpoint = await openCheckpoint(join(import.meta.dirname, "../../checkpoints/tiny"));
  const weights = parametersOf(paligemmaParameters(checkpoint.config));
  checkpoint.check(weights);
  for (const { name, shape } of weights) expect((await checkpoint.read(name, shape, "f32")).shape).toEqual(shape);
  expect(await readFile(join(checkpoint.folder, "tokenizer.json"), "utf8")).toContain("<image>");
});
