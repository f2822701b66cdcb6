import { expect, test, vi } from "vitest";
import { createEngine } from "../../src/engine/create.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { candidates, survey } from "../../src/engine/survey.ts";
import { tensor } from "../../src/util/tensor.ts";

vi.mock(import("../../src/engine/create.ts"), { spy: true });

test("the default engine is the first candidate, and every backend of tfjs is one", async () => {
  const names = (await candidates()).map(({ name }) => name);
  expect(names[0]).toBe("ort cpu");
  expect(names).toEqual(expect.arrayContaining(["tfjs tensorflow", "tfjs wasm", "tfjs cpu"]));
});

test("of an engine that is ready: what runs it, its speed, every op", async () => {
  const { ready, device, speed, checks } = await survey({
    name: "tfjs wasm",
    settings: { name: "tfjs", backend: "wasm" },
  });
  expect(ready).toBe(true);
  expect(device).toMatch(/^CPU, \d/);
  expect(speed!.gflops_fp32).toBeGreaterThan(0);
  expect(speed!.gflops_fp16).toBeNull(); // it has no halves
  expect(checks.length).toBeGreaterThan(50);
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
});

test("of one whose large products are wrong: it is ready, and that it is wrong", async () => {
  const wrong: Engine = {
    ...referenceEngine,
    async compile(graph, weights) {
      const program = await referenceEngine.compile(graph, weights);
      const zeros = { row: tensor("f32", [1, 256], new Float32Array(256)) };
      return graph.outputs.has("row") ? { ...program, run: async () => zeros } : program;
    },
  };
  vi.mocked(createEngine).mockResolvedValueOnce(wrong);
  const { ready, speed, checks } = await survey({ name: "ort cpu", settings: { name: "ort", providers: ["cpu"] } });
  expect([ready, speed]).toEqual([true, null]);
  expect(checks.filter(({ passed }) => !passed)).toMatchObject([
    { op: "matmul", failure: "a product of 256 x 256 is off by 1.0e+0" },
  ]);
});

test("a product in half that is taken in float32 all the same has no speed of its own", async () => {
  const { speed } = await survey({ name: "ort cpu", settings: { name: "ort", providers: ["cpu"] } });
  expect(speed).toMatchObject({ gflops_fp32: expect.any(Number), gflops_fp16: null });
});

test("products in whole numbers are timed where they are taken, and nowhere else", async () => {
  const whole = await survey({ name: "ort cpu", settings: { name: "ort", providers: ["cpu"] } });
  expect(whole.speed!.gflops_int8).toBeGreaterThan(0);
  expect(whole.speed!.gflops_int8x2).toBeGreaterThan(0);
  const single = await survey({ name: "tfjs wasm", settings: { name: "tfjs", backend: "wasm" } });
  expect(single.speed).toMatchObject({ gflops_int8: null, gflops_int8x2: null });
});

test("of one that is not: the problem and what to do", async () => {
  const found = await survey({ name: "ort dml", settings: { name: "ort", providers: ["dml"] } });
  expect(found).toMatchObject({ ready: false, speed: null, checks: [] });
  expect(found.problem).toContain("engine.providers: [dml] cannot be used here");
  expect(found.remedy).toContain("cpu");
});
