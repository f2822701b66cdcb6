import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { type Span, watchEngine } from "../../src/engine/profile.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import { input, matmul } from "../../src/graph/ops/index.ts";
import { tensor } from "../../src/util/tensor.ts";

const graph = makeGraph({ y: matmul(input("x", "f32", [3, 4]), input("w", "f32", [4, 5])) });
const w = tensor("f32", [4, 5], new Float32Array(20).fill(1));
const x = tensor("f32", [3, 4], new Float32Array(12).fill(1));

/** In order, none before the end of the one before it. */
function expectOneByOne(spans: readonly Span[]): void {
  let before = Number.NEGATIVE_INFINITY;
  for (const { start, end } of spans) {
    expect(start).toBeGreaterThanOrEqual(before);
    expect(end).toBeGreaterThanOrEqual(start);
    before = end;
  }
}

test("what is done between start and stop is recorded, with the operators of programs compiled before", async () => {
  const { engine, start, stop } = watchEngine(ortEngine());
  const program = await engine.compile(graph, { w });
  await engine.phase("warm up", () => program.run({ x }));
  start();
  await engine.phase("outer", () => engine.phase("inner", () => program.run({ x })));
  await program.run({ x });
  expect(await engine.phase("thinking", () => 42)).toBe(42);
  const { phases, runs, compiled } = stop();
  await engine.phase("later", () => program.run({ x }));
  expect(phases.map(({ name }) => name)).toEqual(["outer", "thinking"]);
  expect(runs.map(({ name, phases }) => [name, phases])).toEqual([
    ["inner", ["inner", "outer"]],
    ["program", []],
  ]);
  expect(compiled).toEqual([]);
  for (const { start, end, inside, flops, operators } of runs) {
    expect(flops).toBe(2 * 3 * 4 * 5);
    expect(inside!.start).toBeGreaterThanOrEqual(start);
    expect(inside!.end).toBe(end);
    expect(operators.map(({ operator, flops }) => [operator, flops])).toEqual([["MatMul", flops]]);
    expect(operators[0]!.start).toBeGreaterThanOrEqual(inside!.start);
    expect(operators.at(-1)!.end).toBeLessThanOrEqual(inside!.end + 1e-6);
    expectOneByOne(operators);
  }
  await program.release();
});

test("compiling is a phase of its own where nothing else was said", async () => {
  const { engine, start, stop } = watchEngine(ortEngine());
  start();
  await (await engine.compile(graph)).release();
  const program = await engine.phase("evaluate", () => engine.compile(graph));
  await program.release();
  const { phases, compiled } = stop();
  expect(phases.map(({ name }) => name)).toEqual(["compile", "evaluate"]);
  expect(compiled).toHaveLength(2);
});

test("a program that is watched is compiled as it was asked for, and traced besides", async () => {
  const asked: unknown[] = [];
  const { engine } = watchEngine({
    ...referenceEngine,
    compile: (of, weights, options) => {
      asked.push(options);
      return referenceEngine.compile(of, weights);
    },
  });
  await engine.compile(graph, { w }, { lean: true });
  expect(asked).toEqual([{ lean: true, traced: true }]);
});

test("runs are kept when their program goes while it is recorded", async () => {
  const { engine, start, stop } = watchEngine(ortEngine());
  start();
  const program = await engine.compile(graph, { w });
  await program.run({ x });
  await program.release();
  expect(stop().runs.map(({ operators }) => operators.length > 0)).toEqual([true]);
});

test("of an engine that does not tell there are runs without operators", async () => {
  const { engine, start, stop } = watchEngine(referenceEngine);
  start();
  await (await engine.compile(graph, { w })).run({ x });
  expect(stop().runs).toMatchObject([{ inside: null, operators: [], flops: 2 * 3 * 4 * 5 }]);
});

test("of two runs at once the one that ends later begins when the other ends", async () => {
  const waits = [30, 60];
  const slow: Engine = {
    ...referenceEngine,
    async compile(graph, weights) {
      const program = await referenceEngine.compile(graph, weights);
      const run: typeof program.run = async (feeds) => {
        await new Promise((resolve) => setTimeout(resolve, waits.shift()));
        return program.run(feeds);
      };
      return { ...program, run };
    },
  };
  const { engine, start, stop } = watchEngine(slow);
  start();
  const program = await engine.compile(graph, { w });
  await Promise.all([program.run({ x }), program.run({ x })]);
  const { runs } = stop();
  expect(runs).toHaveLength(2);
  expectOneByOne(runs);
});

test("a run that fails leaves its program's operators unknown, and the error as it is", async () => {
  const { engine, start, stop } = watchEngine(ortEngine());
  start();
  const program = await engine.compile(graph, { w });
  await program.run({ x });
  await expect(program.run({})).rejects.toThrow("input x f32[3,4] was not fed");
  const { runs } = stop();
  expect(runs).toMatchObject([{ inside: null, operators: [] }]);
  await program.release();
});
