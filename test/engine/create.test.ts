import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createEngine, idleSettings, isOnDevice } from "../../src/engine/create.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import { cast, input, matmul } from "../../src/graph/ops/index.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";
import { workFolder } from "../support/work-folder.ts";

const DEFAULTS = { name: "ort", backend: "auto", products: "auto", providers: ["cpu"], threads: null } as const;

const x = input("x", "f32", [2, 3]);
const graph = makeGraph({ y: matmul(x, input("w", "f32", [2, 3]), { transB: true }) });
const feeds = { x: tensor("f32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)) };
const weights = { w: tensor("f32", [2, 3], Float32Array.of(1, 0, 0, 0, 1, 1)) };

test.each(["ort", "reference"] as const)("%s runs a graph with bound weights", async (name) => {
  const engine = await createEngine({ ...DEFAULTS, name });
  const program = await engine.compile(graph, weights);
  expect(Array.from((await program.run(feeds)).y!.data as Float32Array)).toEqual([1, 5, 4, 11]);
  await program.release();
});

test.each(["ort", "reference"] as const)(
  "%s writes into arrays it is given, and leaves the weights where they are",
  async (name) => {
    const engine = await createEngine({ ...DEFAULTS, name });
    const program = await engine.compile(graph, weights);
    const y = tensor("f32", [2, 2], new Float32Array(4));
    expect((await program.run(feeds, { y })).y).toBe(y);
    weights.w.data[0] = 10;
    await program.run(feeds, { y });
    weights.w.data[0] = 1;
    expect(Array.from(y.data)).toEqual([10, 5, 40, 11]);
  },
);

test.each(["ort", "tfjs", "reference"] as const)(
  "%s says which input is missing, unknown, bound or of another type",
  async (name) => {
    const program = await (await createEngine({ ...DEFAULTS, name })).compile(graph, weights);
    await expect(program.run({})).rejects.toThrow("input x f32[2,3] was not fed");
    await expect(program.run({ ...feeds, z: feeds.x })).rejects.toThrow("the graph has no input z");
    await expect(program.run({ ...feeds, ...weights })).rejects.toThrow("input w is bound");
    await expect(program.run({ x: tensor("f32", [6], feeds.x.data) })).rejects.toThrow(
      "input x wants f32[2,3] but was fed f32[6]",
    );
  },
);

test.each(["ort", "reference", "tfjs"] as const)("%s refuses to write a result where it does not fit", async (name) => {
  const program = await (await createEngine({ ...DEFAULTS, backend: "cpu", name })).compile(graph, weights);
  const into = (y: Tensor) => program.run(feeds, { y });
  await expect(into(tensor("f32", [4], new Float32Array(4)))).rejects.toThrow(
    "output y is f32[2,2] and cannot be written into f32[4]",
  );
  await expect(into(tensor("i32", [2, 2], new Int32Array(4)))).rejects.toThrow("cannot be written into i32[2,2]");
  await expect(program.run(feeds, { z: tensor("f32", [4], new Float32Array(4)) })).rejects.toThrow(
    "the graph has no output z",
  );
});

test("settings that have no effect are told", () => {
  const settings = { ...DEFAULTS, weights: "fp32" } as const;
  expect(idleSettings(settings)).toEqual([]);
  expect(idleSettings({ ...settings, name: "tfjs", backend: "wasm" })).toEqual([]);
  expect(idleSettings({ ...settings, backend: "wasm" })).toEqual([
    "engine.backend: wasm is of tfjs, and engine.name is ort",
  ]);
  expect(idleSettings({ ...settings, name: "tfjs", providers: ["cuda"] })).toEqual([
    "engine.providers: [cuda] are of ort, and engine.name is tfjs",
  ]);
  expect(idleSettings({ ...settings, products: "fp16" })).toHaveLength(1);
  expect(idleSettings({ ...settings, products: "fp16", weights: "fp16" })).toEqual([]);
});

test("a provider that cannot be used here is an error before anything is trained, with those that can", async () => {
  const attempt = createEngine({ ...DEFAULTS, providers: ["coreml", "dml"] });
  await expect(attempt).rejects.toMatchObject({
    message: expect.stringContaining("engine.providers: [coreml,dml]"),
    hint: expect.stringContaining("cpu"),
  });
});

test.each([
  ["auto", false],
  ["fp32", false],
  ["fp16", true],
] as const)(
  "engine.products: %s: fp16 weights are multiplied in half on this processor: %s",
  async (products, half) => {
    const engine = await createEngine({ ...DEFAULTS, products });
    const y = matmul(x, cast(input("w", "f16", [2, 3]), "f32"), { transB: true });
    const program = await engine.compile(makeGraph({ y }));
    const product = program.graph.nodes.find(({ op }) => op.name === "matmul")!;
    expect([engine.products === "fp16", product.type.dtype]).toEqual([half, half ? "f16" : "f32"]);
  },
);

describe("an engine computes on a device", () => {
  const cache = workFolder();
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    [["cpu"], false],
    [["cuda", "cpu"], true],
    [["webgpu"], true],
  ] as const)("where onnxruntime has providers %j: %s", async (providers, expected) => {
    expect(await isOnDevice({ ...DEFAULTS, providers })).toBe(expected);
  });

  test.each([
    ["auto", true, true],
    ["tensorflow", true, true],
    ["tensorflow", false, false],
    ["wasm", true, false],
  ] as const)("where tfjs has backend %s, and TensorFlow is made for CUDA (%s): %s", async (backend, gpu, expected) => {
    vi.stubEnv("AMLC_CACHE", cache);
    const home = join(cache, "tensorflow");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "tfjs_binding.node"), "");
    writeFileSync(join(home, "current.json"), JSON.stringify({ version: "2.21.0", gpu, binding: "tfjs_binding.node" }));
    expect(await isOnDevice({ ...DEFAULTS, name: "tfjs", backend })).toBe(expected);
  });

  test("never where it is the reference", async () => {
    expect(await isOnDevice({ ...DEFAULTS, name: "reference", providers: ["cuda"] })).toBe(false);
  });
});
