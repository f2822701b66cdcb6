import { beforeEach, expect, test, vi } from "vitest";
import { checkOps } from "../../../src/engine/check-ops.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { measureHalfPrecision } from "../../../src/engine/ort/half-precision.ts";
import { ortEngine } from "../../../src/engine/ort/ort.ts";
import { runProfiled } from "../../../src/engine/ort/placements.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { cast, input, matmul, scale } from "../../../src/graph/ops/index.ts";
import { trainAdapter } from "../../../src/train/trained.ts";
import { createTrainer } from "../../../src/train/trainer.ts";
import { tensor } from "../../../src/util/tensor.ts";
import { readDocument, readTable } from "../../docs/documents.ts";
import { testGoldens } from "../../support/device-goldens.ts";
import { relativeError } from "../../support/errors.ts";
import { type Golden, loadGolden } from "../../support/goldens.ts";
import { operatorPlacements } from "../../support/placements.ts";
import { whyNoWebgpu } from "../../support/webgpu.ts";

vi.setConfig({ testTimeout: 900_000 }); // a device in software, and perhaps a busy machine

const reason = await whyNoWebgpu();
beforeEach(({ skip }) => {
  if (reason) skip(reason);
});

const engine = ortEngine({ providers: ["webgpu"], threads: 1 });

// First, for from here on the device stays open, with the kernels that it has compiled.
test("weights are copied to the device once: a later change on the host is not seen, by any program", async () => {
  const w = tensor("f32", [2, 2], Float32Array.of(1, 2, 3, 4));
  const [x, declared] = [input("x", "f32", [1, 2]), input("w", "f32", [2, 2])];
  const feeds = { x: tensor("f32", [1, 2], Float32Array.of(1, 10)) };
  const product = await engine.compile(makeGraph({ y: matmul(x, declared) }), { w });
  w.data.fill(0);
  const doubled = await engine.compile(makeGraph({ y: scale(matmul(x, declared), 2) }), { w });
  const results = [await product.run(feeds), await doubled.run(feeds)].map(({ y }) =>
    Array.from(y!.data as Float32Array),
  );
  expect(results).toEqual([
    [31, 42],
    [62, 84],
  ]);
});

test("every sample of every op is as near to its float64 definition as the op's record wants", async () => {
  const failed = [];
  for await (const check of checkOps(engine)) if (!check.passed) failed.push(check);
  expect(failed).toEqual([]);
});

test("operators run on the device, but for those that docs/engines.md names", async () => {
  const placements = await operatorPlacements(["webgpu"]);
  const documented = readTable(readDocument("docs/engines.md"), "ran on").map(([provider, operators]) => [
    provider,
    operators === "none" ? [] : operators!.split(", "),
  ]);
  const on = (name: string) => placements.filter(({ provider }) => provider === name).map(({ operator }) => operator);
  expect(documented).toEqual(["webgpu", "cpu"].map((name) => [name, on(name)]));
});

testGoldens(engine);

test("fp16 weights give the loss and gradient that they give on the CPU", async () => {
  const golden = await loadGolden("tiny", "f16");
  const [onDevice, onCpu] = [await firstStep(engine, golden), await firstStep(ortEngine({ threads: 1 }), golden)];
  expect(relativeError([onDevice.loss], [onCpu.loss])).toBeLessThan(1e-5);
  expect(relativeError(onDevice.gradient, onCpu.gradient)).toBeLessThan(1e-5);
});

test("half precision is said to be there where a graph with halves runs, and nowhere else", async () => {
  const graph = makeGraph({ y: cast(cast(input("x", "f32", [1]), "f16"), "f32") });
  const run = runProfiled(graph, ["webgpu"], { x: tensor("f32", [1], Float32Array.of(1)) });
  const runs = await run.then(
    () => true,
    () => false,
  );
  expect((await measureHalfPrecision(["webgpu"])) !== "none").toBe(runs);
});

async function firstStep(
  on: Engine,
  { model, lora, adapter, batch }: Golden,
): Promise<{ loss: number; gradient: Float32Array }> {
  const trainer = createTrainer(on, model, trainAdapter(model, lora, adapter), ADAMW);
  const { loss } = await trainer.differentiate([batch], 1);
  await trainer.release();
  return { loss, gradient: trainer.gradient };
}

const ADAMW = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, max_grad_norm: null, seed: 0 } as const;
