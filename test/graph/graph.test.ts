import { describe, expect, test } from "vitest";
import { makeGraph, rewrite, verify } from "../../src/graph/graph.ts";
import { bindShape, type Node } from "../../src/graph/node.ts";
import { mulOp } from "../../src/graph/ops/elementwise.ts";
import { add, constant, input, matmul, mul, scalar, scale } from "../../src/graph/ops/index.ts";

const x = input("x", "f32", [2, 3]);

describe("a graph", () => {
  test("holds what its outputs need and nothing else", () => {
    const unused = mul(x, x);
    const graph = makeGraph({ y: scale(x, 2) });
    expect(graph.nodes).not.toContain(unused);
    expect(graph.nodes.map(({ op }) => op.name)).toEqual(["input", "constant", "mul"]);
  });

  test("shares equal nodes, however they were built", () => {
    const graph = makeGraph({ y: add(mul(x, input("x", "f32", [2, 3])), mul(x, x)) });
    expect(graph.nodes.map(({ op }) => op.name)).toEqual(["input", "mul", "add"]);
  });

  test("does not share what differs in an attribute or a constant", () => {
    const square = input("s", "f32", [3, 3]);
    const graph = makeGraph({
      y: add(matmul(square, square), matmul(square, square, { transB: true })),
      z: add(scalar(1), scalar(2)),
    });
    expect(graph.nodes.filter(({ op }) => op.name === "matmul")).toHaveLength(2);
    expect(graph.nodes.filter(({ op }) => op.name === "constant")).toHaveLength(2);
  });

  test("lists inputs before their users", () => {
    const graph = makeGraph({ z: add(mul(x, x), scale(x, 3)) });
    const place = new Map(graph.nodes.map((node, i) => [node, i]));
    for (const node of graph.nodes)
      for (const used of node.inputs) expect(place.get(used)).toBeLessThan(place.get(node)!);
  });

  test("survives a chain of 100,000 nodes", () => {
    let y: Node = x;
    for (let i = 0; i < 100_000; i++) y = add(y, x);
    expect(makeGraph({ y }).nodes).toHaveLength(100_001);
  });

  test("refuses one input with two types", () => {
    expect(() => makeGraph({ y: add(x, input("x", "f32", [1, 3])) })).toThrow("input x is declared with two types");
  });
});

describe("rewriting a graph", () => {
  const [a, b] = [add(x, x), mul(x, x)];
  const graph = makeGraph({ y: add(a, b), z: a });

  test("makes what is changed and its users anew, and copies nothing else", () => {
    const changed = rewrite(graph, (node) => (node.op === mulOp ? scale(node, 2) : node));
    expect(changed.nodes.map(({ op }) => op.name)).toEqual(["input", "add", "mul", "constant", "mul", "add"]);
    expect(changed.outputs.get("z")).toBe(a);
    expect(changed.outputs.get("y")!.inputs[0]).toBe(a);
  });

  test("that changes nothing leaves its nodes", () => {
    expect(rewrite(graph, (node) => node)).toEqual(graph);
    expect(rewrite(graph, (node) => node).nodes.every((node, i) => node === graph.nodes[i])).toBe(true);
  });

  test("tells what a node was and what its inputs have become", () => {
    const one = scalar(1);
    const seen: Node[] = [];
    rewrite(makeGraph({ y: b }), (node, original) => {
      if (original === x) return one;
      seen.push(node, original);
      return x;
    });
    expect(seen.map(({ inputs }) => inputs)).toEqual([
      [one, one],
      [x, x],
    ]);
  });
});

describe("the verifier", () => {
  test("finds a node whose type does not follow from its inputs", () => {
    const wrong: Node = { ...mul(x, x), type: { dtype: "f32", shape: [3, 2] } };
    expect(() => makeGraph({ y: wrong })).toThrow("mul: is f32[3,2] but its inputs make f32[2,3]");
  });

  test("finds a user before its input", () => {
    const graph = makeGraph({ y: mul(x, x) });
    expect(() => verify({ ...graph, nodes: graph.nodes.toReversed() })).toThrow("mul: an input comes after its user");
  });
});

describe("shape errors name the axis", () => {
  test("matmul", () => {
    expect(() => matmul(x, input("b", "f32", [4, 5]))).toThrow(
      "matmul: inner axes differ, [2,3] · [4,5] wants K=3 but got 4",
    );
    expect(() => matmul(x, input("b", "f16", [3, 5]))).toThrow("matmul: wants operands of one type but got f32 · f16");
  });
  test("broadcasting", () => {
    expect(() => add(x, input("b", "f32", [2, 2]))).toThrow(
      "add: [2,3] and [2,2] do not broadcast, axis -1: 3 against 2",
    );
  });
  test("letters", () => {
    expect(bindShape("here", x, "B T")).toEqual({ B: 2, T: 3 });
    expect(() => bindShape("here", x, "B D", { D: 64 })).toThrow("here: axis D of [B=2,D=64] is 3 in [2,3]");
    expect(() => bindShape("here", constant({ dtype: "f32", shape: [], data: Float32Array.of(1) }), "B")).toThrow(
      "here: wants [B] but got []",
    );
  });
});
