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

test("of one that is not: the problem and what to do", async () => {
  const found = await survey({ name: "ort dml", settings: { name: "ort", providers: ["dml"] } });
  expect(found).toMatchObject({ ready: false, speed: null, checks: [] });
  expect(found.problem).toContain("engine.providers: [dml] cannot be used here");
  expect(found.remedy).toContain("cpu");
});
