import { expect, test } from "vitest";
import { tfjsEngine } from "../../../src/engine/tfjs/tfjs.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { add, input, matmul } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";

test("a traced program tells of the kernels of each run, and of none once it has ended", async () => {
  const told: string[] = [];
  const engine = await tfjsEngine({ backend: "cpu", onKernel: (op) => void told.push(op) });
  const x = input("x", "f32", [3, 3]);
  const program = await engine.compile(makeGraph({ y: add(matmul(x, x), x) }), {}, { traced: true });
  const feeds = { x: tensor("f32", [3, 3], new Float32Array(9).fill(1)) };
  await program.run(feeds);
  await program.run(feeds);
  const runs = program.endTrace!();
  await program.run(feeds);
  expect(program.endTrace!()).toEqual([]);
  expect(runs).toHaveLength(2);
  for (const { seconds, operators } of runs) {
    expect(operators.map(({ operator, shapes, flops }) => [operator, shapes, flops])).toEqual([
      ["matmul", "[3,3] [3,3] → [3,3]", 54],
      ["add", "[3,3] [3,3] → [3,3]", 0],
    ]);
    expect(operators[0]!.start).toBeGreaterThanOrEqual(0);
    expect(operators[1]!.start + operators[1]!.seconds).toBeLessThanOrEqual(seconds);
  }
  expect(told, "whoever asked for kernels hears of them all the same").toEqual(Array(3).fill(["matmul", "add"]).flat());
  await program.release();
});
