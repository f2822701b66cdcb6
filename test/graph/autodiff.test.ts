import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/engine/reference/reference.ts";
import { gradients } from "../../src/graph/autodiff.ts";
import { type Graph, makeGraph } from "../../src/graph/graph.ts";
import { apply, type Node, type Op } from "../../src/graph/node.ts";
import { add, input, matmul, mul, reshape, scale, slice, stopGradient, sum, tanh } from "../../src/graph/ops/index.ts";
import { matmulOp } from "../../src/graph/ops/matmul.ts";

const x = input("x", "f32", [2]);
const total = (node: Node) =>
  reshape(
    sum(
      node,
      node.type.shape.map((_, axis) => axis),
    ),
    [],
  );

function differentiate(loss: Node, at: Record<string, number[]>, wrt: Node = x): number[] {
  const feeds = Object.fromEntries(
    Object.entries(at).map(([name, values]) => [name, { shape: [values.length], data: Float64Array.from(values) }]),
  );
  const graph = makeGraph({ dx: gradients(loss, [wrt])[0]! });
  return Array.from(evaluate(graph, feeds).dx!.data);
}

describe("gradients", () => {
  test("of a square: 2x", () => {
    expect(differentiate(total(mul(x, x)), { x: [3, -1] })).toEqual([6, -2]);
  });

  test("of a value used twice: both uses count", () => {
    expect(differentiate(total(add(scale(x, 2), mul(x, x))), { x: [3, -1] })).toEqual([8, 0]);
  });

  test.for([
    ["side by side are joined", [0, 2, 3, 5], [2, 4, 12, 24, 30], []],
    ["that leave something out have zeros around what is joined", [1, 2, 4], [0, 4, 12, 16, 0], ["pad"]],
  ] as const)("of slices %s", ([, cuts, wanted, pads]) => {
    const y = input("y", "f32", [5]);
    const losses = cuts.slice(1).map((end, i) => {
      const part = slice(y, 0, cuts[i]!, end);
      return total(scale(mul(part, part), i + 1));
    });
    const [gradient] = gradients(
      losses.reduce((sum, each) => add(sum, each)),
      [y],
    );
    const names = makeGraph({ gradient: gradient! }).nodes.map(({ op }) => op.name);
    expect(names.filter((name) => name === "pad")).toEqual(pads);
    expect(names.filter((name) => name === "concat")).toEqual(["concat"]);
    const feeds = { y: { shape: [5], data: Float64Array.of(1, 2, 3, 4, 5) } };
    expect([...evaluate(makeGraph({ gradient: gradient! }), feeds).gradient!.data]).toEqual(wanted);
  });

  test("are zero where the loss does not depend on the input", () => {
    expect(differentiate(total(input("y", "f32", [2])), {}, x)).toEqual([0, 0]);
  });

  test("do not pass a stop", () => {
    expect(differentiate(total(mul(x, stopGradient(x))), { x: [3, -1] })).toEqual([3, -1]);
  });

  test("never build the gradient of a frozen weight", () => {
    const forced: number[] = [];
    const watched: Op<unknown> = {
      ...(matmulOp as Op<unknown>),
      vjp: (...args) =>
        matmulOp.vjp(...(args as Parameters<typeof matmulOp.vjp>)).map((thunk, i) => () => {
          forced.push(i);
          return thunk!();
        }),
    };
    const a = input("a", "f32", [2, 3]);
    const frozen = input("w", "f32", [3, 4]);
    gradients(total(apply(watched, [a, frozen], { transA: false, transB: false, alpha: 1 })), [a]);
    expect(forced).toEqual([0]);
  });

  test("build nothing below the first value that is asked for", () => {
    const first = mul(x, x);
    const second = input("w", "f32", [2]);
    const loss = total(mul(first, second));
    const graph = makeGraph({ dw: gradients(loss, [second])[0]! });
    expect(graph.nodes.map(({ op }) => op.name).toSorted()).toEqual([
      "broadcastTo",
      "constant",
      "input",
      "mul",
      "mul",
      "reshape",
    ]);
  });

  test("a loss that is no scalar is refused", () => {
    expect(() => gradients(x, [x])).toThrow("gradients: the loss is f32[2], not a scalar");
  });

  test("a rule that returns another shape is named", () => {
    const wrong: Op<unknown> = { ...(matmulOp as Op<unknown>), name: "wrong", vjp: (dy) => [() => dy, () => dy] };
    const a = input("a", "f32", [2, 3]);
    const loss = total(apply(wrong, [a, input("b", "f32", [3, 4])], { transA: false, transB: false, alpha: 1 }));
    expect(() => gradients(loss, [a])).toThrow("wrong: gradient of input 0 is f32[2,4], the input is f32[2,3]");
  });

  test("are graphs like any other: they can be differentiated again", () => {
    const square = total(
      mul(matmul(reshape(x, [1, 2]), reshape(x, [2, 1])), matmul(reshape(x, [1, 2]), reshape(x, [2, 1]))),
    ); // |x|⁴
    const slope = gradients(square, [x])[0]!; // 4|x|²x
    expect(differentiate(total(slope), { x: [1, 2] })).toEqual([4 * 5 + 8 * 1 * 3, 4 * 5 + 8 * 2 * 3]);
  });
});

describe("values that are not kept", () => {
  // Three layers y = x·tanh(x)
  const layers: Node[] = [x];
  for (let i = 0; i < 3; i++) layers.push(mul(layers[i], tanh(layers[i])));
  const loss = total(layers[3]);
  const kept = new Set(layers);
  const operations = (graph: Graph, name: string) => graph.nodes.filter(({ op }) => op.name === name).length;
  const plain = makeGraph({ loss, dx: gradients(loss, [x])[0] });
  const recomputing = makeGraph({ loss, dx: gradients(loss, [x], { kept })[0] });

  test("are computed again, each once, and the gradient is the same", () => {
    const feeds = { x: { shape: [2], data: Float64Array.of(0.7, -1.3) } };
    expect(evaluate(recomputing, feeds)).toEqual(evaluate(plain, feeds));
    expect(operations(plain, "tanh")).toBe(3);
    expect(operations(recomputing, "tanh")).toBe(6);
  });

  test("are computed from the kept value below, after the gradient of the one above", () => {
    const events = recomputing.nodes.filter(({ op }) => op.name === "after");
    expect(events.map(({ inputs }) => inputs[0])).toEqual(
      [layers[2], layers[1], layers[0]].map(({ op, type }) => expect.objectContaining({ op, type })),
    );
  });

  test("need not be there when the backward pass begins", () => {
    const forwardEnd = (graph: Graph) => graph.nodes.indexOf(graph.outputs.get("loss")!);
    const lastReadOf = (graph: Graph, name: string) => {
      const first = graph.nodes.find(({ op }) => op.name === name)!;
      return graph.nodes.findLastIndex(({ inputs }) => inputs.includes(first));
    };
    expect(lastReadOf(plain, "tanh")).toBeGreaterThan(forwardEnd(plain));
    expect(lastReadOf(recomputing, "tanh")).toBeLessThan(forwardEnd(recomputing));
  });
});
