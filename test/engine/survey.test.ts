import { expect, test } from "vitest";
import { candidates, survey } from "../../src/engine/survey.ts";

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

test("of one that is not: the problem and what to do", async () => {
  const found = await survey({ name: "ort dml", settings: { name: "ort", providers: ["dml"] } });
  expect(found).toMatchObject({ ready: false, speed: null, checks: [] });
  expect(found.problem).toContain("engine.providers: [dml] cannot be used here");
  expect(found.remedy).toContain("cpu");
});
