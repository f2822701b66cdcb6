import { describe, expect, test } from "vitest";
import { ortEngine } from "../../../src/engine/ort/ort.ts";
import { feedViews, NO_VIEWS, viewRows } from "../../../src/engine/ort/row-views.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import type { Node } from "../../../src/graph/node.ts";
import { add, cast, constant, embedding, input, matmul, slice, sum } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";

const w = input("w", "f32", [5, 3]);
const ids = (shape: readonly number[], ...rows: number[]) =>
  constant({ dtype: "i32", shape, data: Int32Array.from(rows) });
const viewsOf = (node: Node) => viewRows(makeGraph({ y: node })).views;

describe("rows of an input that stand behind each other are inputs of their own", () => {
  test.for([
    ["a slice", slice(w, 0, 1, 4), 1, 4],
    ["picked", embedding(w, ids([2], 3, 4)), 3, 5],
  ] as const)("%s", ([, rows, start, end]) => {
    const { graph, views } = viewRows(makeGraph({ y: sum(rows, [0]) }));
    const [name] = views.keys();
    expect(views.get(name!)).toEqual({ source: "w", start, end });
    expect(new Map(graph.inputs)).toEqual(new Map([[name, { dtype: "f32", shape: [end - start, 3] }]]));
  });

  test("and are fed with memory of the other one", () => {
    const fed = tensor(
      "f32",
      [5, 3],
      Float32Array.from({ length: 15 }, (_, i) => i),
    );
    const [[, rows]] = Object.entries(feedViews({ w: fed }, viewsOf(slice(w, 0, 1, 3)))) as [[string, typeof fed]];
    expect(rows).toEqual(tensor("f32", [2, 3], Float32Array.of(3, 4, 5, 6, 7, 8)));
    expect(rows.data.buffer).toBe(fed.data.buffer);
  });
});

describe("none is made of", () => {
  test.for([
    ["columns", slice(w, 1, 0, 2)],
    ["rows of what is computed", slice(add(w, w), 0, 0, 2)],
    ["rows in another order", embedding(w, ids([2], 2, 1))],
    ["rows that are fed", embedding(w, input("ids", "i32", [2]))],
    ["rows in two axes", embedding(w, ids([1, 2], 0, 1))],
    ["rows that are not there", embedding(w, ids([2], 4, 5))],
  ] as const)("%s", ([, node]) => {
    const graph = makeGraph({ y: node });
    expect(viewRows(graph)).toEqual({ graph, views: NO_VIEWS });
  });
});

test("a product with rows of halves, bound or fed, is that with a copy of them", async () => {
  const halves = input("w", "f16", [4, 2]);
  const x = input("x", "f32", [1, 2]);
  const rows = slice(halves, 0, 1, 3);
  const graph = makeGraph({ y: matmul(x, cast(rows, "f32"), { transB: true }), rows: cast(rows, "f32") });
  const numbers = tensor("f16", [4, 2], Uint16Array.of(0, 0, 0x3c00, 0x4000, 0x4200, 0x4400, 0, 0)); // 0 0, 1 2, 3 4, 0 0
  const two = tensor("f32", [1, 2], Float32Array.of(1, 10));
  for (const bound of [{ w: numbers }, {}]) {
    const program = await ortEngine().compile(graph, bound);
    const { y, rows } = await program.run({ x: two, ...("w" in bound ? {} : { w: numbers }) });
    expect([...(y!.data as Float32Array)]).toEqual([21, 43]);
    expect([...(rows!.data as Float32Array)]).toEqual([1, 2, 3, 4]);
    await program.release();
  }
});
