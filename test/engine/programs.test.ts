import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { compileBound, programsBySize } from "../../src/engine/programs.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import { add, input, scale } from "../../src/graph/ops/index.ts";
import { tensor } from "../../src/util/tensor.ts";

/** The reference engine, with a note of what it compiles and releases. */
function watched(): { engine: Engine; compiled: string[]; released: string[] } {
  const [compiled, released]: [string[], string[]] = [[], []];
  const engine: Engine = {
    name: "watched",
    async compile(graph, weights) {
      const inputs = [...graph.inputs.values()].map(({ shape }) => `[${shape}]`).join(" ");
      compiled.push(`${inputs}, bound: ${Object.keys(weights ?? {})}`);
      return { ...(await referenceEngine.compile(graph, weights)), release: async () => void released.push(inputs) };
    },
  };
  return { engine, compiled, released };
}

const weights = { w: tensor("f32", [1], Float32Array.of(2)), unused: tensor("f32", [1], Float32Array.of(3)) };
const build = (rows: number) => makeGraph({ y: add(scale(input("x", "f32", [rows]), 2), input("w", "f32", [1])) });

test("a size is compiled once, with the weights that its graph uses", async () => {
  const { engine, compiled } = watched();
  const programs = programsBySize(engine, weights, build);
  const [first, again] = [await programs.get(3), await programs.get(3)];
  expect(again).toBe(first);
  await programs.get(4);
  expect(compiled).toEqual(["[3] [1], bound: w", "[4] [1], bound: w"]);
});

test("asked for twice at once, a size is still compiled once", async () => {
  const { engine, compiled } = watched();
  const programs = programsBySize(engine, weights, build);
  await Promise.all([programs.get(3), programs.get(3)]);
  expect(compiled).toHaveLength(1);
});

test("of many sizes the one used longest ago is released", async () => {
  const { engine, released } = watched();
  const programs = programsBySize(engine, weights, build);
  for (let rows = 1; rows <= 8; rows++) await programs.get(rows);
  await programs.get(1);
  await programs.get(9);
  expect(released).toEqual(["[2] [1]"]);
  expect(programs.count).toBe(8);
  await programs.release();
  expect(released).toHaveLength(9);
  expect(programs.count).toBe(0);
});

test("a size that could not be compiled is tried again, and keeps no other from being released", async () => {
  const { engine, released } = watched();
  let room = false;
  const small: Engine = {
    ...engine,
    compile: async (graph, bound) => {
      if (!room && graph.inputs.get("x")!.shape[0] === 4) throw new Error("out of memory");
      return engine.compile(graph, bound);
    },
  };
  const programs = programsBySize(small, weights, build);
  await programs.get(3);
  await expect(programs.get(4)).rejects.toThrow("out of memory");
  expect(programs.count).toBe(1);
  room = true;
  await programs.get(4);
  await programs.release();
  expect(released).toEqual(["[3] [1]", "[4] [1]"]);
});

test("a program that is released while it runs goes when the run is over", async () => {
  const events: string[] = [];
  let finish = () => {};
  const slow: Engine = {
    name: "slow",
    compile: async (graph) => ({
      graph,
      run: () =>
        new Promise((resolve) => {
          finish = () => {
            events.push("run is over");
            resolve({});
          };
        }),
      release: async () => void events.push("released"),
    }),
  };
  const program = await compileBound(slow, makeGraph({ y: input("x", "f32", [1]) }), {});
  const run = program.run({});
  const release = program.release();
  await new Promise(setImmediate);
  expect(events).toEqual([]);
  finish();
  await Promise.all([run, release]);
  expect(events).toEqual(["run is over", "released"]);
});
