import { expect, test } from "vitest";
import { checkOp, checkOps, sampledOps } from "../../src/engine/check-ops.ts";
import type { Engine, Program } from "../../src/engine/engine.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import type { Tensor } from "../../src/util/tensor.ts";

/** An engine whose results went through `change`. */
const changed = (change: (y: Tensor) => Tensor): Engine => ({
  ...referenceEngine,
  async compile(graph, weights) {
    const program = await referenceEngine.compile(graph, weights);
    return { ...program, run: async (feeds) => ({ y: change((await program.run(feeds)).y) }) };
  },
});
const sigmoid = sampledOps.find(({ name }) => name === "sigmoid")!;
const check = (engine: Engine) => checkOp(engine, sigmoid, sigmoid.samples[0]);

test("the definition agrees with itself, on every sample of every op", async () => {
  const checks = [];
  for await (const each of checkOps(referenceEngine)) checks.push(each);
  expect(checks).toHaveLength(sampledOps.reduce((count, { samples }) => count + samples.length, 0));
  expect(checks.filter(({ passed, error }) => !passed || error! > 1e-7)).toEqual([]);
});

test("an engine that is off by a thousandth does not pass", async () => {
  const scaled = changed((y) => ({ ...y, data: (y.data as Float32Array).map((value) => value * 1.001) }));
  expect(await check(scaled)).toMatchObject({ op: "sigmoid", passed: false, failure: null });
});

test("neither does one that gives no number", async () => {
  const nan = changed((y) => ({ ...y, data: (y.data as Float32Array).map(() => Number.NaN) }));
  expect(await check(nan)).toMatchObject({ passed: false, error: Infinity });
});

test("neither does one that gives another shape, or fails, and why is told", async () => {
  const flat = changed((y) => ({ ...y, shape: [y.data.length] }));
  expect(await check(flat)).toMatchObject({ passed: false, error: null, failure: "shape is [15], not [3,5]" });
  const failing = changed(() => {
    throw new Error("no kernel");
  });
  expect(await check(failing)).toMatchObject({ passed: false, error: null, failure: "no kernel" });
});

test("a program is let go, also when it fails", async () => {
  let held = 0;
  const counted = (run: Program["run"] | null): Engine => ({
    ...referenceEngine,
    async compile(graph, weights) {
      held++;
      const program = await referenceEngine.compile(graph, weights);
      return { ...program, ...(run && { run }), release: async () => void held-- };
    },
  });
  expect(await check(counted(null))).toMatchObject({ passed: true });
  expect(await check(counted(() => Promise.reject(new Error("no kernel"))))).toMatchObject({ passed: false });
  expect(held).toBe(0);
});
