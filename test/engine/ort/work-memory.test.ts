import { expect, test } from "vitest";
import { workBytes as bytesOf, executionOrder } from "../../../src/engine/ort/work-memory.ts";
import { type Graph, makeGraph } from "../../../src/graph/graph.ts";
import type { Node } from "../../../src/graph/node.ts";
import { add, concat, exp, input, matmul, reshape, slice, sum, transpose } from "../../../src/graph/ops/index.ts";
import { sizeOf } from "../../../src/util/tensor.ts";

const MEBI = 2 ** 20;
const workBytes = (graph: Graph, visit?: Parameters<typeof bytesOf>[2]) => bytesOf(graph, false, visit);
/** A MiB of numbers. */
const x = input("x", "f32", [512, 512]);
const times = (node: Node, count: number, change: (node: Node) => Node): Node =>
  count === 0 ? node : times(change(node), count - 1, change);

test("begins with what the last output needs, and of a node's inputs with the one made last", () => {
  const [early, late] = [sum(exp(x), [0]), sum(transpose(x, [1, 0]), [0])];
  const order = executionOrder(makeGraph({ early, both: add(early, late), alone: exp(late) }));
  expect(order.map(({ op }) => op.name)).toEqual(["transpose", "sum", "exp", "exp", "sum", "add"]);
});

test("every node is run once, after what it reads", () => {
  const squared = matmul(x, x);
  const { nodes } = makeGraph({ a: add(squared, exp(squared)), b: sum(squared, [1]) });
  const order = executionOrder({ nodes });
  expect(new Set(order).size).toBe(nodes.length - 1);
  const seen = new Set<Node>(nodes.filter(({ inputs }) => inputs.length === 0));
  for (const node of order) {
    expect(node.inputs.every((each) => seen.has(each))).toBe(true);
    seen.add(node);
  }
});

test("elementwise results and views lie where their inputs lay, an output in its own place", () => {
  const y = reshape(times(matmul(x, x), 5, exp), [262_144]);
  expect(workBytes(makeGraph({ y: sum(y, [0]) }))).toBe(MEBI);
  expect(workBytes(makeGraph({ y: matmul(x, x) }))).toBe(0);
});

test("memory that a value of the same shape will lie in is not given back before", () => {
  /** The sums of the columns of u·uᵀ. */
  const squared = (u: Node) => sum(matmul(u, u, { transA: true }), [0]);
  const small = squared(input("u", "f32", [1, 512]));
  const large = squared(concat([small, small], -1));
  const bytes = (y: Node) => bytesOf(makeGraph({ y }), true);
  const [alone, both] = [bytes(large), bytes(squared(slice(large, -1, 0, 512)))];
  expect(alone / MEBI).toBeCloseTo(4, 1);
  expect(both / MEBI).toBeCloseTo(5, 1);
});

test("what is read again later is not written over", () => {
  const product = matmul(x, x);
  expect(workBytes(makeGraph({ y: add(exp(product), matmul(product, x)) }))).toBeGreaterThanOrEqual(2 * MEBI);
});

test("products in a row need two places, however many they are", () => {
  const bytes = (count: number) =>
    workBytes(
      makeGraph({
        y: sum(
          times(x, count, (node) => matmul(node, x)),
          [0],
        ),
      }),
    );
  expect(bytes(20)).toBe(bytes(3));
});

test("tells what lies in memory at each node", () => {
  const most: number[] = [];
  workBytes(
    makeGraph({
      y: sum(
        times(x, 4, (node) => matmul(node, x)),
        [0],
      ),
    }),
    (_node, alive) => most.push(alive.size),
  );
  expect(most).toEqual([1, 2, 2, 2, 1]);
});

test("a lean program takes what is alive at once and nothing beside", () => {
  const rows = (count: number, name: string) => matmul(input(name, "f32", [count, 512]), x);
  const y = add(sum(matmul(rows(768, "a"), matmul(x, x)), [0]), sum(exp(rows(1536, "b")), [0]));
  const graph = makeGraph({ y });
  let most = 0;
  const lean = bytesOf(graph, true, (_node, alive) => {
    most = Math.max(
      most,
      [...alive].reduce((n, { type }) => n + 4 * sizeOf(type.shape), 0),
    );
  });
  expect(lean).toBe(most);
  expect(bytesOf(graph, false)).toBeGreaterThanOrEqual(most);
});
