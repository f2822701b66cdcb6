import { writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createEngine, type EngineConfig } from "../src/engine/create.ts";
import { measureRoof } from "../src/engine/profile-roof.ts";
import { DY } from "../src/graph/chain.ts";
import { flopsOf } from "../src/graph/cost.ts";
import type { Graph } from "../src/graph/graph.ts";
import type { Node } from "../src/graph/node.ts";
import { matmulOp } from "../src/graph/ops/matmul.ts";
import { inputName, inputOp } from "../src/graph/ops/source.ts";
import { initAdapter } from "../src/model/lora.ts";
import { batchShape } from "../src/train/feeds.ts";
import { lossChain } from "../src/train/loss-graph.ts";
import type { Residuals } from "../src/train/residuals.ts";
import { trainAdapter } from "../src/train/trained.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { random } from "../src/util/random.ts";
import { languageLora, randomBatch } from "./nano.ts";
import { randomModel, type SizeName } from "./random-model.ts";

/** Operations of products. */
const productFlops = ({ nodes }: Pick<Graph, "nodes">): number =>
  nodes.filter(({ op }) => op === matmulOp).reduce((sum, node) => sum + flopsOf(node), 0);

/** Of those that a gradient goes into: the others are computed again. */
function gradientFlops({ nodes }: Graph): number {
  const behind = new Set<Node>();
  for (const node of nodes) {
    const isGradient = node.op === inputOp && inputName(node) === DY;
    if (isGradient || node.inputs.some((each) => behind.has(each))) behind.add(node);
  }
  return productFlops({ nodes: [...behind] });
}

/** What it took to make random weights, and to measure a rate, is no part of a step: the kernel counts its peak anew. */
function forgetPeak(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  if (process.platform === "linux") writeFileSync("/proc/self/clear_refs", "5"); // proc(5): the peak becomes what is there now
}

/** One process of the benchmarks of a step: training steps of a random model on an engine, as a line of JSON. */
const settings = {
  ...{ size: "3b-448", dtype: "f16", residuals: "keep", programs: "layers", rows: 1, rank: 8, steps: 1 },
  ...(JSON.parse(process.argv[2] ?? "{}") as object),
} as {
  readonly size: SizeName;
  readonly dtype: "f16" | "f32";
  readonly residuals: Residuals;
  readonly programs: "auto" | "whole" | "layers";
  readonly rows: number;
  readonly rank: number;
  readonly steps: number;
  readonly layers?: number;
  readonly visionLayers?: number;
  readonly bits?: 4 | 8;
  readonly int8?: 1 | 2;
  readonly engine?: Partial<EngineConfig>;
};
const engine = await createEngine({
  ...{ name: "ort", backend: "auto", products: "auto", providers: ["cpu"], threads: null },
  ...settings.engine,
});
const model = randomModel(settings.size, settings.dtype, settings);
const loaded_rss_gib = process.memoryUsage().rss / 2 ** 30;
const lora = languageLora(model, settings.rank);
const adapter = initAdapter(lora.modules, lora.rank, random(0, "adapter"));
const trainer = createTrainer(engine, model, trainAdapter(model, lora, adapter), {
  ...{ betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, max_grad_norm: 1, seed: 0 },
  ...{ residuals: settings.residuals, programs: settings.programs },
});
const batch = randomBatch(model.config, settings.rows);
const model_flops = lossChain(model.config, batchShape(batch, model.config), model.dtype, lora).reduce(
  (sum, { forward, backward }) => sum + productFlops(forward) + (backward ? gradientFlops(backward) : 0),
  0,
);
const rates = [(await measureRoof(engine)).flops_per_s];
forgetPeak();
const seconds: number[] = [];
let loss = 0;
for (let step = 0; step <= settings.steps; step++) {
  const start = performance.now();
  const result = await trainer.differentiate([batch], step + 1);
  trainer.update(result.gradNorm, 2e-5);
  seconds.push((performance.now() - start) / 1000);
  process.stderr.write(
    `step ${step}: ${seconds.at(-1)!.toFixed(2)} s, loss ${result.loss.toFixed(4)}, peak ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB\n`,
  );
  loss = result.loss;
}
const peak_rss_gib = process.resourceUsage().maxRSS / 2 ** 20;
rates.push((await measureRoof(engine)).flops_per_s);
const timed = seconds.slice(1).toSorted((a, b) => a - b);
const step_s = timed[Math.floor(timed.length / 2)] ?? seconds[0]!;
process.stdout.write(
  `${JSON.stringify({ ...settings, trainable: trainer.values.length, step_s, loss, model_flops, gemm_flops_per_s: Math.max(...rates), loaded_rss_gib, peak_rss_gib })}\n`,
);
process.exit(); // a device's threads would keep the process alive
