import { beforeEach, describe, expect, test } from "vitest";
import { withProducts } from "../../../src/engine/products.ts";
import { openTensorflow } from "../../../src/engine/tfjs/tensorflow.ts";
import { f32ToF16 } from "../../../src/formats/half.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { cast, constant, exp, input, matmul, scale } from "../../../src/graph/ops/index.ts";
import { trainAdapter } from "../../../src/train/trained.ts";
import { createTrainer } from "../../../src/train/trainer.ts";
import { tensor } from "../../../src/util/tensor.ts";
import { describeBackends, openTfjs, whyNot } from "../../support/engines.ts";
import { loadGolden } from "../../support/goldens.ts";

const ADAMW = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, max_grad_norm: 1, seed: 0 } as const;

describeBackends((engine) => {
  const w = tensor("f32", [2, 2], Float32Array.of(1, 2, 3, 4));
  const table = constant(tensor("f32", [2, 2], Float32Array.of(5, 6, 7, 8)));
  const product = makeGraph({ y: matmul(matmul(input("x", "f32", [1, 2]), input("w", "f32", [2, 2])), table) });
  const x = tensor("f32", [1, 2], Float32Array.of(1, 1));

  test("a run leaves no tensor behind, and a release none of what the program held", async () => {
    const warmUp = await engine().compile(product, { w });
    await warmUp.run({ x });
    await warmUp.release();
    const before = engine().backend.liveTensors;
    const program = await engine().compile(product, { w });
    expect(engine().backend.liveTensors).toBe(before + 2); // the weight and the constant
    await program.run({ x });
    expect(engine().backend.liveTensors).toBe(before + 2);
    await program.release();
    expect(engine().backend.liveTensors).toBe(before);
  });

  test("programs that bind one weight hold one copy of it, until the last goes", async () => {
    const before = engine().backend.liveTensors;
    const plain = makeGraph({ y: matmul(input("x", "f32", [1, 2]), input("w", "f32", [2, 2])) });
    const [one, other] = [await engine().compile(plain, { w }), await engine().compile(plain, { w })];
    expect(engine().backend.liveTensors).toBe(before + 1);
    await one.release();
    expect(Array.from((await other.run({ x })).y.data as Float32Array)).toEqual([4, 6]);
    await other.release();
    expect(engine().backend.liveTensors).toBe(before);
  });

  test("a run that fails half-way leaves no tensor behind", async () => {
    const graph = makeGraph({ y: exp(matmul(input("x", "f32", [1, 2]), input("w", "f32", [2, 2]))) });
    const last = graph.nodes.at(-1)!;
    const broken = { ...last.op, tfjs: () => { throw new Error("no such kernel"); } }; // biome-ignore format: one line
    const nodes = graph.nodes.map((node) => (node === last ? { ...node, op: broken } : node));
    const program = await engine().compile({ ...graph, nodes, outputs: new Map([["y", nodes.at(-1)!]]) }, { w });
    const before = engine().backend.liveTensors;
    await expect(program.run({ x })).rejects.toThrow("no such kernel");
    expect(engine().backend.liveTensors).toBe(before);
    await program.release();
  });

  test("of fp16 weights the exact values are used", async () => {
    const halves = f32ToF16(Float32Array.of(0.1, 65504, 6e-8, -3));
    const graph = makeGraph({ y: scale(cast(input("w", "f16", [2, 2]), "f32"), 1 / 4) });
    const program = await engine().compile(graph, { w: tensor("f16", [2, 2], halves) });
    const { y } = await program.run({});
    expect(Array.from(y.data as Float32Array, (value) => value * 4)).toEqual([0.0999755859375, 65504, 2 ** -24, -3]);
    await program.release();
  });
});

test("without half precision a backend refuses to multiply in it before anything is run, and says what to do", async () => {
  const engine = withProducts(await openTfjs("cpu"), "fp16");
  const graph = makeGraph({ y: matmul(input("x", "f32", [1, 2]), cast(input("w", "f16", [2, 2]), "f32")) });
  await expect(engine.compile(graph)).rejects.toMatchObject({
    message: expect.stringContaining("engine.products: fp16 cannot be had on tfjs' cpu backend"),
    hint: expect.stringContaining("amlc setup tensorflow"),
  });
});

describe("TensorFlow", () => {
  beforeEach(({ skip }) => {
    const reason = whyNot("tensorflow");
    if (reason) skip(reason);
  });

  test("the count of handles after each of 200 training steps is the count before it", async () => {
    const engine = await openTfjs("tensorflow");
    const { model, lora, adapter, batch } = await loadGolden("tiny");
    const trainer = createTrainer(engine, model, trainAdapter(model, lora, adapter), ADAMW);
    await trainer.differentiate([batch], 1);
    const before = engine.backend.liveTensors;
    for (let step = 2; step <= 201; step++) {
      const { gradNorm } = await trainer.differentiate([batch], step);
      trainer.update(gradNorm, 1e-3);
      expect(engine.backend.liveTensors, `step ${step}`).toBe(before);
    }
    await trainer.release();
  });

  test("what it has no memory for is told with the sizes of the program, and a hint", async () => {
    const engine = await openTfjs("tensorflow");
    const { kernels } = openTensorflow(null);
    const x = input("x", "f32", [1]);
    const graph = makeGraph({ y: exp(x) });
    const last = graph.nodes.at(-1)!;
    const vast = { ...last.op, tfjs: () => kernels.broadcastTo(kernels.constant(tensor("f32", [1], new Float32Array(1))), [2 ** 20, 2 ** 20, 2 ** 10]) }; // biome-ignore format: one line
    const nodes = graph.nodes.map((node) => (node === last ? { ...node, op: vast } : node));
    const program = await engine.compile({ ...graph, nodes, outputs: new Map([["y", nodes.at(-1)!]]) } as never);
    await expect(program.run({ x: tensor("f32", [1], new Float32Array(1)) })).rejects.toMatchObject({
      message: expect.stringContaining("the device is out of memory at exp [1]"),
      hint: expect.stringContaining("train.batch"),
    });
  });
});
