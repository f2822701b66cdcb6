import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { ortEngine } from "../../../src/engine/ort/ort.ts";
import { productFlops, readTrace } from "../../../src/engine/ort/profile.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { input, matmul, sum } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";
import { workFolder } from "../../support/work-folder.ts";

const [x, w] = [input("x", "f32", [6, 4]), input("w", "f32", [5, 4])];
const graph = makeGraph({ y: sum(matmul(x, w, { transB: true }), [0]) });
const feeds = {
  x: tensor("f32", [6, 4], new Float32Array(24).fill(1)),
  w: tensor("f32", [5, 4], new Float32Array(20).fill(2)),
};

test("a traced program tells of each run's operators, whose times lie in the run's, and goes on untraced", async () => {
  const program = await ortEngine().compile(graph, {}, { traced: true });
  const { y } = await program.run(feeds);
  await program.run(feeds);
  const runs = program.endTrace!();
  expect(runs).toHaveLength(2);
  for (const { seconds, operators } of runs) {
    expect(operators.map(({ operator, shapes, flops }) => [operator, shapes, flops])).toEqual([
      ["FusedMatMul", "[6,4] [5,4] → [6,5]", 2 * 6 * 5 * 4],
      ["ReduceSum", "[6,5] [1] → [1,5]", 0],
    ]);
    let before = 0;
    for (const { start, seconds } of operators) {
      expect(start).toBeGreaterThanOrEqual(before);
      before = start + seconds;
    }
    expect(before).toBeLessThanOrEqual(seconds + 1e-6);
  }
  expect((await program.run(feeds)).y).toEqual(y);
  expect(program.endTrace!()).toEqual([]);
  await program.release();
});

test("onnxruntime's profile has no name on the disk, even while it is written", async () => {
  const before = process.env.TMPDIR;
  const folder = workFolder();
  process.env.TMPDIR = folder;
  try {
    const program = await ortEngine().compile(graph, {}, { traced: true });
    if (process.platform !== "win32") expect(readdirSync(folder)).toEqual([]);
    await program.release();
    expect(readdirSync(folder)).toEqual([]);
    await expect(ortEngine({ providers: ["abacus"] }).compile(graph, {}, { traced: true })).rejects.toThrow("abacus");
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test("only where times are a processor's own are operators told of", async () => {
  const program = await ortEngine().compile(graph);
  expect(program.endTrace).toBeUndefined();
  await program.release();
});

test("a profile that ends within a run tells of the whole runs alone", () => {
  const node = {
    ...{ cat: "Node", name: "Add_0_kernel_time", ts: 12, dur: 3 },
    args: { op_name: "Add", input_type_shape: [{ float: [2] }, { float: [] }], output_type_shape: [{ float: [2] }] },
  };
  const run = { cat: "Session", name: "model_run", ts: 10, dur: 8, args: {} };
  const lines = ["[", `${JSON.stringify(node)},`, `${JSON.stringify(run)},`, JSON.stringify(node), "]"];
  expect(readTrace(lines)).toEqual([
    {
      seconds: 8e-6,
      operators: [{ operator: "Add", shapes: "[2] [] → [2]", flops: 0, start: 2e-6, seconds: 3e-6 }],
    },
  ]);
});

test.each([
  [
    "MatMul",
    [
      [7, 3, 4],
      [4, 5],
    ],
    [7, 3, 5],
    2 * 7 * 3 * 5 * 4,
  ],
  [
    "MatMul",
    [
      [3, 4],
      [7, 4, 5],
    ],
    [7, 3, 5],
    2 * 7 * 3 * 5 * 4,
  ],
  [
    "FusedMatMul",
    [
      [4, 3],
      [5, 4],
    ],
    [3, 5],
    2 * 3 * 5 * 4,
  ],
  ["Gemm", [[3, 4], [4, 5], [5]], [3, 5], 2 * 3 * 5 * 4],
  [
    "MatMulNBits",
    [
      [3, 64],
      [5, 2, 16],
      [5, 2],
    ],
    [3, 5],
    2 * 3 * 5 * 64,
  ],
  ["Conv", [[1, 3, 28, 28], [8, 3, 14, 14], [8]], [1, 8, 2, 2], 2 * 8 * 4 * 3 * 14 * 14],
  ["Softmax", [[3, 4]], [3, 4], 0],
] as const)("operations of %s of %j", (operator, inputs, result, flops) => {
  expect(productFlops(operator, inputs, result)).toBe(flops);
});
