import { describe, expect, test } from "vitest";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Parameter } from "../../src/model/layers.ts";
import { parametersOf } from "../../src/model/lora.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import {
  BLOCK_SIZES,
  int8Parts,
  loadedBytes,
  loadedTensors,
  readWeight,
  storedTensors,
} from "../../src/model/weight-blocks.ts";
import { DEFAULT_BLOCKS } from "../../src/recipes/quantize-model.ts";
import { random } from "../../src/util/random.ts";
import { allocate, sizeOf, tensor } from "../../src/util/tensor.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";

const inInt8 = (int8: 1 | 2) => parametersOf(paligemmaParameters({ ...PALIGEMMA_3B, int8 }));
const parameterOf = (matrix: string) =>
  inInt8(2).find(({ name }) => name === `language_model.model.layers.17.mlp.${matrix}.weight`)!;
const tensorsOf = (weight: string) =>
  inInt8(2)
    .filter(({ name }) => name === weight)
    .flatMap(loadedTensors);
const declared = (bits: 8 | 4, block: number) =>
  parametersOf(paligemmaParameters({ ...PALIGEMMA_3B, blocks: { bits, block } }));

describe("PaliGemma of 2.92 billion numbers", () => {
  const halves = loadedBytes(parametersOf(paligemmaParameters(PALIGEMMA_3B)), "f16");
  const share = (bits: 8 | 4, block: number) => loadedBytes(declared(bits, block), "f16") / halves;

  test("takes at most 0.6 of its halves' memory in 8 bits and 0.4 in 4, whatever the blocks", () => {
    expect(halves).toBe(2 * 2_924_351_216);
    for (const block of BLOCK_SIZES) {
      expect(share(8, block)).toBeLessThan(0.6);
      expect(share(4, block)).toBeLessThan(0.4);
    }
    expect(share(8, DEFAULT_BLOCKS[8])).toBeCloseTo(0.532, 3);
    expect(share(4, DEFAULT_BLOCKS[4])).toBeCloseTo(0.358, 3);
  });

  test("takes 0.6 of its halves' memory in whole numbers, its table in halves", () => {
    expect(loadedBytes(inInt8(1), "f16") / halves).toBeCloseTo(0.591, 3);
    const whole = new Map(inInt8(1).map((parameter) => [parameter.name, loadedTensors(parameter)]));
    const key = "language_model.model.layers.17.self_attn.k_proj.weight";
    expect(whole.get(key)).toEqual([
      { name: `${key}.int8`, shape: [2048, 256], kind: "int8" },
      { name: `${key}.scales`, shape: [256], kind: "scales" },
    ]);
    const table = "language_model.model.embed_tokens.weight";
    expect(whole.get(table)).toEqual([{ name: table, shape: [257_216, 2048], kind: "numbers" }]);
  });

  test("takes its halves' memory in two whole numbers for each number, but for a scale a row", () => {
    expect(loadedBytes(inInt8(2), "f16") / halves).toBeCloseTo(1.001, 3);
    const output = "language_model.model.layers.17.self_attn.o_proj.weight";
    expect(tensorsOf(output)).toContainEqual({ name: `${output}.rest`, shape: [2048, 2048], kind: "int8" });
  });

  test("has its 16,384 hidden units in parts of 2,048 there: rows that make them, columns that read them", () => {
    for (const [matrix, parts] of [
      ["gate_proj", int8Parts(parameterOf("gate_proj")).map(({ from: [row], shape }) => [row, ...shape])],
      ["down_proj", int8Parts(parameterOf("down_proj")).map(({ from: [, column], shape }) => [column, ...shape])],
    ] as const) {
      expect(parts, matrix).toEqual(Array.from({ length: 8 }, (_, i) => [2048 * i, 2048, 2048]));
    }
    const { name } = parameterOf("down_proj");
    expect(tensorsOf(name).slice(-3)).toEqual([
      { name: `${name}.7.int8`, shape: [2048, 2048], kind: "int8" },
      { name: `${name}.7.scales`, shape: [2048], kind: "scales" },
      { name: `${name}.7.rest`, shape: [2048, 2048], kind: "int8" },
    ]);
    expect(storedTensors(parameterOf("down_proj"))).toEqual([{ name, shape: [2048, 16_384], kind: "numbers" }]);
  });

  test("keeps its table in 8 bits, and norms, biases, patches and positions as they are", () => {
    const blocks = new Map(declared(4, 32).map((parameter) => [parameter.name, parameter.blocks]));
    expect(blocks.get("language_model.model.embed_tokens.weight")).toEqual({ bits: 8, block: 32 });
    const inFew = [...blocks].filter(([, layout]) => layout).map(([name]) => name.split(".").slice(-2).join("."));
    expect(new Set(inFew)).toEqual(
      new Set(
        ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2", "linear", "embed_tokens", "o_proj"]
          .concat("gate_proj", "up_proj", "down_proj")
          .map((name) => `${name}.weight`),
      ),
    );
  });

  test("names bytes and scales after their weight, so that they begin with their layer's path", () => {
    const [down] = declared(4, 32).filter(({ name }) => name.endsWith("layers.17.mlp.down_proj.weight"));
    expect(storedTensors(down!)).toEqual([
      { name: `${down!.name}.packed`, shape: [2048, 512, 16], kind: "packed" },
      { name: `${down!.name}.scales`, shape: [2048, 512], kind: "scales" },
    ]);
  });

  test("fills up the last block of a row: 4304 columns are no multiple of 64", () => {
    const [fc2] = declared(8, 64).filter(({ name }) => name.endsWith("layers.0.mlp.fc2.weight"));
    expect(storedTensors(fc2!)[0]!.shape).toEqual([1152, 68, 64]);
  });
});

describe("a weight that lies as one matrix, read in parts, is the weight", () => {
  const generator = random(0, "parts");
  const feedOf = (dtype: "f32" | "f16" | "u8", shape: readonly number[]) =>
    tensor(dtype, shape, allocate(dtype, sizeOf(shape)).map(() => Math.floor(255 * generator.uniform())) as Uint8Array);

  test.for([
    ["rows in halves", "f16", { shape: [130, 24], parts: { axis: 0, size: 64 } }, 3],
    ["columns in float32", "f32", { shape: [24, 130], parts: { axis: 1, size: 64 } }, 3],
    [
      "rows of blocks of 8 bits",
      "f16",
      { shape: [66, 80], parts: { axis: 0, size: 64 }, blocks: { bits: 8, block: 32 } },
      2,
    ],
    [
      "columns of blocks of 4 bits, the last half full",
      "f16",
      { shape: [8, 80], parts: { axis: 1, size: 64 }, blocks: { bits: 4, block: 32 } },
      2,
    ],
  ] as const)("%s", async ([, dtype, declared, count]) => {
    const parameter: Parameter = { name: "w", ...declared };
    const parts = readWeight(parameter, dtype, true);
    expect(parts.inputs).toHaveLength(count);
    const graph = makeGraph({ whole: readWeight(parameter, dtype), parts });
    const feeds = Object.fromEntries(
      [...graph.inputs].map(([name, { dtype, shape }]) => [name, feedOf(dtype as "u8", shape)]),
    );
    const { whole, parts: found } = await (await referenceEngine.compile(graph)).run(feeds);
    expect(found).toEqual(whole);
    expect(new Set(whole!.data as Float32Array).size).toBeGreaterThan(100);
  });
});
