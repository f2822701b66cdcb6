import { describe, expect, test } from "vitest";
import { configOf, type SizeName } from "../../../bench/random-model.ts";
import { KINDS, type Moment, totalBytes } from "../../../src/engine/memory-kinds.ts";
import type { PaliGemmaConfig } from "../../../src/model/config.ts";
import { loraModules } from "../../../src/model/lora.ts";
import { paligemmaParameters } from "../../../src/model/paligemma.ts";
import { ANSWERS_ALONE } from "../../../src/train/loss-graph.ts";
import { type Beside, type MemoryPlan, type PlannedStep, planMemory } from "../../../src/train/memory-plan/plan.ts";

const GIBI = 2 ** 30;
const TARGETS = ".*language_model.*\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)";

const NOTHING_BESIDE: Beside = { ahead: 0, cache: 0, threads: 0, tokenizer: false };

/** The step of bench/full-step.js. */
function step(model: PaliGemmaConfig, change: Partial<PlannedStep> = {}, rows = 1): PlannedStep {
  const modules = loraModules(paligemmaParameters(model), { targets: TARGETS, exclude: null });
  return {
    ...{ model, dtype: "f16", tune: "lora", objective: ANSWERS_ALONE, memory: 0, beside: NOTHING_BESIDE },
    lora: { modules, rank: 8, scale: 2, dropout: 0 },
    shape: { rows, text: 26, answer: 8, image: "pixels" },
    engine: { name: "ort", onHost: true, products: "int8" },
    ...{ programs: "auto", residuals: "keep" },
    ...change,
  };
}

const nano = configOf("nano");
const LAYERS = { programs: "layers" } as const;
const onDevice = { name: "tfjs", onHost: false, products: "fp16" } as const;

// Peaks of resident memory in GiB, 2026-11-27, two AVX-512 cores, onnxruntime-node 1.30, Node 20 (docs/plan.md).
const MEASURED: readonly (readonly [SizeName, Partial<PlannedStep>, number, number])[] = [
  ["nano", { dtype: "f32" }, 1, 0.22],
  ["nano", { dtype: "f32" }, 2, 0.28],
  ["nano", { dtype: "f32" }, 8, 0.55],
  ["nano", { dtype: "f32", residuals: "recompute" }, 1, 0.21],
  ["nano", { dtype: "f32", residuals: "recompute" }, 8, 0.35],
  ["nano", { dtype: "f32", residuals: "recompute" }, 16, 0.5],
  ["300m", {}, 1, 1.66],
  ["300m", { residuals: "recompute" }, 1, 1.48],
  ["300m", LAYERS, 1, 1.14],
  ["300m", { ...LAYERS, residuals: "recompute" }, 1, 1.06],
];

test.each(MEASURED)("%s %j, %i rows: within a tenth of the measured %f GiB", (size, change, rows, gibibytes) => {
  const { peak_bytes } = planMemory(step(configOf(size), change, rows));
  expect(Math.abs(peak_bytes / GIBI / gibibytes - 1)).toBeLessThan(0.1);
});

test.each([
  ["nano", { programs: "whole" }, 0.2],
  ["300m", { programs: "whole" }, 1.0],
  ["300m", { programs: "layers" }, 0.87],
  ["300m", { programs: "layers", residuals: "recompute" }, 0.84],
  ["3b-448", { residuals: 12 }, 6.0],
] as const)("%s with int8 weights, %j: within a tenth of the measured %f GiB", (size, change, gibibytes) => {
  const { peak_bytes } = planMemory(step({ ...configOf(size), int8: 1 }, change));
  expect(Math.abs(peak_bytes / GIBI / gibibytes - 1)).toBeLessThan(0.1);
});

const order = (moments: readonly Moment[]) => moments.map(({ pass }) => pass);

describe.each(["whole", "layers"] as const)("a step of programs: %s", (programs) => {
  const plan = (change: Partial<PlannedStep> = {}) => planMemory(step(nano, { programs, ...change }));

  test("goes forward through the layers, then back, and its peak is the highest moment's", () => {
    const { moments, peak, peak_bytes } = plan();
    const passes = order(moments);
    expect(passes.indexOf("backward")).toBeGreaterThan(5);
    expect(passes[0]).toBe("forward");
    // In one program the loss itself, which no gradient needs, may come at any time.
    if (programs === "layers") expect(passes.lastIndexOf("forward")).toBeLessThan(passes.indexOf("backward"));
    expect(moments.some(({ layer, pass }) => layer === "language layer 3" && pass === "backward")).toBe(true);
    expect(Math.max(...moments.map(({ bytes }) => totalBytes(bytes)))).toBeCloseTo(peak_bytes, 0);
    expect(totalBytes(peak)).toBeCloseTo(peak_bytes, 0);
    for (const { bytes } of moments) for (const kind of KINDS) expect(bytes[kind]).toBeGreaterThanOrEqual(0);
  });

  test("computing again costs operations and no more than a forward pass of them", () => {
    const [kept, again] = [plan(), plan({ residuals: "recompute" })];
    expect(kept.flops.recomputation).toBe(0);
    expect(again.flops.forward).toBe(kept.flops.forward);
    expect(again.flops.backward).toBe(kept.flops.backward);
    expect(again.flops.recomputation).toBeGreaterThan(0.3 * again.flops.forward);
    expect(again.flops.recomputation).toBeLessThanOrEqual(again.flops.forward);
  });

  test("operations follow the rows", () => {
    const four = planMemory(step(nano, { programs }, 4));
    expect(four.flops.forward / plan().flops.forward).toBeCloseTo(4, 1);
    expect(four.peak.workspace).toBeGreaterThan(plan().peak.workspace);
  });
});

test("a device frees what is read, so computing again saves what is kept", () => {
  const plan = (change: Partial<PlannedStep>) => planMemory(step(nano, { engine: onDevice, ...change }, 8));
  const [kept, again] = [plan({}), plan({ residuals: "recompute" })];
  expect(again.peak_bytes).toBeLessThan(kept.peak_bytes);
  expect(again.peak.residuals).toBeLessThan(kept.peak.residuals / 4);
  expect(kept.peak.optimizer).toBe(0); // it runs on the host
});

test("a base in few bits is smaller, and nothing else of it", () => {
  const weights = ([8, 4] as const).map(
    (bits) => planMemory(step({ ...nano, blocks: { bits, block: 64 } }, LAYERS)).peak.weights,
  );
  const whole = planMemory(step(nano, LAYERS)).peak.weights;
  expect(weights[0]).toBeLessThan(0.6 * whole);
  expect(weights[1]).toBeLessThan(weights[0]!);
});

test("residuals: auto keeps where there is memory, and computes again where there is none", () => {
  const plan = (change: Partial<PlannedStep>): MemoryPlan => planMemory(step(nano, { ...LAYERS, ...change }, 8));
  const all = plan({});
  const enough = plan({ residuals: "auto", memory: 2 * all.peak_bytes });
  expect(enough.kept).toEqual({ layers: all.kept!.of, of: all.kept!.of });
  expect(plan({ residuals: "auto", memory: 0 }).kept).toEqual({ layers: 0, of: all.kept!.of });
  expect(enough.peak_bytes).toBe(all.peak_bytes);
  expect(plan({ residuals: "auto", memory: 0 }).flops).toEqual(plan({ residuals: "recompute" }).flops);
});

test("what is trained has its values, gradients and moments: an adapter of twice the rank twice of each", () => {
  const rank = (r: number) => {
    const { lora } = step(nano);
    return planMemory(step(nano, { ...LAYERS, lora: { ...lora!, rank: r } }));
  };
  const [eight, sixteen] = [rank(8), rank(16)];
  expect(sixteen.trainable).toBe(2 * eight.trainable);
  expect(eight.peak.optimizer).toBe(8 * eight.trainable);
  expect(sixteen.peak.adapters).toBe(2 * eight.peak.adapters);
  const all = planMemory(step(nano, { dtype: "f32", tune: "all", lora: undefined }));
  expect(all.trainable).toBe(all.parameters);
});

test("dropout's noise is drawn for one program at a time, and not for the batches that are read ahead", () => {
  const { lora } = step(nano);
  const noise = (programs: "whole" | "layers", ahead: number, residuals: "keep" | "recompute" = "keep") => {
    const [dry, noisy] = [0, 0.1].map((dropout) => {
      const change = { programs, residuals, lora: { ...lora!, dropout }, beside: { ...NOTHING_BESIDE, ahead } };
      return planMemory(step(nano, change, 8)).peak.images;
    });
    return noisy! - dry!;
  };
  const { hiddenSize: width, intermediateSize: mlp, numLayers } = nano.text;
  const layer = 8 * (256 + 26) * (6 * width + mlp); // q k v o gate up read the width, one byte a number
  expect([noise("layers", 0, "recompute"), noise("layers", 16, "recompute")]).toEqual([layer, layer]);
  expect(noise("layers", 0)).toBe(noise("whole", 0)); // layers that are kept are one program
  expect(noise("whole", 0)).toBeGreaterThan((numLayers - 1) * layer);
  expect(noise("whole", 0)).toBeLessThan(numLayers * layer); // of the last layer only answers are asked
  expect(noise("whole", 16)).toBe(noise("whole", 0));
});
