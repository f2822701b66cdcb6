import { expect, test } from "vitest";
import { makeGraph } from "../../../src/graph/graph.ts";
import { add, input, scale } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";
import { describeBackends } from "../../support/engines.ts";

describeBackends((engine) => {
  const w = tensor("f32", [2], Float32Array.of(1, 2));

  test("two weights on one array keep each its shape", async () => {
    const graph = makeGraph({ y: add(input("row", "f32", [2]), input("column", "f32", [2, 1])) });
    const program = await engine().compile(graph, { row: w, column: tensor("f32", [2, 1], w.data) });
    expect(Array.from((await program.run({})).y.data as Float32Array)).toEqual([2, 3, 3, 4]);
    await program.release();
  });

  test("a program that is released twice takes no weight from another", async () => {
    const graph = makeGraph({ y: scale(input("w", "f32", [2]), 2) });
    const [one, other] = [await engine().compile(graph, { w }), await engine().compile(graph, { w })];
    await one.release();
    await one.release();
    expect(Array.from((await other.run({})).y.data as Float32Array)).toEqual([2, 4]);
    await other.release();
  });

  test("a weight that cannot be brought to the device leaves none of the others there", async () => {
    const before = engine().backend.liveTensors;
    const graph = makeGraph({ y: add(input("w", "f32", [2]), input("short", "f32", [2])) });
    const fresh = tensor("f32", [2], Float32Array.of(1, 2));
    const short = { dtype: "f32", shape: [2], data: Float32Array.of(1) } as const;
    await expect(engine().compile(graph, { w: fresh, short })).rejects.toThrow();
    expect(engine().backend.liveTensors).toBe(before);
  });
});
