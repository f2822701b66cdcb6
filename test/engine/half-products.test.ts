import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { halveProducts } from "../../src/engine/half-products.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { withProducts } from "../../src/engine/products.ts";
import { evaluate, referenceEngine } from "../../src/engine/reference/reference.ts";
import { gradients } from "../../src/graph/autodiff.ts";
import { type Graph, makeGraph } from "../../src/graph/graph.ts";
import type { Node } from "../../src/graph/node.ts";
import { add, cast, input, matmul, mul, reshape, rmsNorm, sum } from "../../src/graph/ops/index.ts";
import { printGraph } from "../../src/graph/print.ts";
import { batchShape } from "../../src/train/feeds.ts";
import { lossGraph } from "../../src/train/loss-graph.ts";
import { layOutAdapter, trainAdapter } from "../../src/train/trained.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import { relativeDistance, relativeError } from "../support/errors.ts";
import { GOLDENS, type Golden, goldenKey, loadGolden } from "../support/goldens.ts";

const x = input("x", "f32", [2, 3]);
const w = input("w", "f16", [4, 3]);
const wide = cast(w, "f32");
const total = (node: Node) => reshape(sum(mul(node, node), [0, 1]), []);

/** Types of the products of a graph, in its order. */
const products = ({ nodes }: Graph) => nodes.filter(({ op }) => op.name === "matmul").map(({ type }) => type.dtype);
const outputOf = (graph: Graph, name: string) => {
  const feeds = {
    x: { shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) },
    w: { shape: [4, 3], data: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1) },
  };
  return Array.from(evaluate(graph, feeds)[name]!.data);
};

describe("a product with an fp16 weight", () => {
  test("is taken in half forward and backward, and the weight is not expanded", () => {
    const y = matmul(x, wide, { transB: true });
    const graph = halveProducts(makeGraph({ y, dx: gradients(total(y), [x])[0]! }));
    expect(products(graph)).toEqual(["f16", "f16"]);
    expect(graph.nodes.filter(({ inputs, type }) => inputs[0]?.type === w.type && type.dtype === "f32")).toEqual([]);
    expect(graph.outputs.get("y")!.type).toEqual({ dtype: "f32", shape: [2, 4] });
  });

  test("keeps its factor and its transposed sides", () => {
    const graph = makeGraph({ y: matmul(wide, x, { transB: true, alpha: 0.5 }) });
    expect(outputOf(halveProducts(graph), "y")).toEqual([0.5, 2, 1, 2.5, 1.5, 3, 3, 7.5]);
  });

  test("gives infinity where half ends", () => {
    const graph = halveProducts(makeGraph({ y: matmul(mul(x, x), wide, { transB: true }) }));
    const feeds = (at: number) => ({
      x: { shape: [2, 3], data: new Float64Array(6).fill(at) },
      w: { shape: [4, 3], data: new Float64Array(12).fill(1) },
    });
    expect(evaluate(graph, feeds(147)).y!.data[0], "3 · 147² = 64827, to a multiple of 32").toBe(64832);
    expect(evaluate(graph, feeds(148)).y!.data[0], "3 · 148² = 65712").toBe(Infinity);
  });
});

describe("what stays float32", () => {
  test("products with an adapter and between activations, norms and sums", () => {
    const [a, scale] = [input("a", "f32", [3, 3]), input("scale", "f16", [3])];
    const h = rmsNorm(x, cast(scale, "f32"), 1e-6);
    const y = add(
      matmul(matmul(h, a), wide, { transB: true }),
      matmul(matmul(h, h, { transB: true }), input("b", "f32", [2, 4])),
    );
    const graph = halveProducts(makeGraph({ y }));
    expect(products(graph).toSorted()).toEqual(["f16", "f32", "f32", "f32"]);
    expect(printGraph(graph)).toMatch(/f32\[3\] = cast/);
  });

  test("a product that reads the result of one in half", () => {
    const graph = halveProducts(makeGraph({ y: matmul(matmul(x, wide, { transB: true }), input("b", "f32", [4, 4])) }));
    expect(products(graph)).toEqual(["f16", "f32"]);
    expect(printGraph(halveProducts(graph))).toBe(printGraph(graph));
  });
});

describe("a training step of the tiny model", () => {
  let golden: Golden;
  beforeAll(async () => {
    golden = await loadGolden("tiny", "f16");
  });

  test("has a product in half for each frozen one, and none without fp16 weights", () => {
    const { model, batch, lora } = golden;
    const graph = (dtype: "f32" | "f16") => lossGraph(model.config, batchShape(batch, model.config), dtype, lora);
    const [half, single] = [products(halveProducts(graph("f16"))), products(graph("f32"))];
    expect(half).toHaveLength(single.length);
    expect(half.filter((dtype) => dtype === "f16").length).toBeGreaterThan(30);
    expect(printGraph(halveProducts(graph("f32")))).toBe(printGraph(graph("f32")));
  });

  // onnxruntime's CPU has no product in half: it widens both sides and then drops the casts, so that nothing is rounded.
  test("on onnxruntime's CPU is what it is in float32", async () => {
    const [half, single] = [withProducts(ortEngine(), "fp16"), ortEngine()].map((engine) => trainerOn(engine, golden));
    const [{ loss }, expected] = [
      await half!.differentiate([golden.batch], 1),
      await single!.differentiate([golden.batch], 1),
    ];
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
    expect(relativeDistance(half!.gradient, single!.gradient)).toBeLessThan(1e-5);
  });

  // The figures themselves: npx vitest run test/engine/half-products.test.ts --reporter=verbose
  test.for(GOLDENS)("of %s, rounded to half, is near torch's in float32", async (name, { annotate }) => {
    const half = await loadGolden(name, "f16");
    const trainer = trainerOn(withProducts(referenceEngine, "fp16"), half);
    const { loss } = await trainer.differentiate([half.batch], 1);
    const expected = new Float32Array(trainer.layout.size);
    for (const { path, matrix, start } of layOutAdapter(half.lora.modules, half.lora.rank).places)
      expected.set(half.tensors.get(`lora.grad.${goldenKey(path, matrix)}`)!.data as Float32Array, start);
    const errors = [relativeError([loss], [half.scalars["lora.loss"]!]), relativeDistance(trainer.gradient, expected)];
    await annotate(`loss ${errors[0]!.toExponential(1)}, gradient by length ${errors[1]!.toExponential(1)}`);
    expect(errors[0]).toBeLessThan(1e-3);
    expect(errors[1]).toBeLessThan(1e-2);
    expect(errors[1], "rounding to half shows").toBeGreaterThan(1e-4);
  });
});

function trainerOn(engine: Engine, { model, lora, adapter }: Golden) {
  const config = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, max_grad_norm: null, seed: 0 } as const;
  return createTrainer(engine, model, trainAdapter(model, lora, adapter), config);
}
