import { performance } from "node:perf_hooks";
import { ortEngine } from "../src/engine/ort/ort.ts";
import { initAdapter } from "../src/model/lora.ts";
import { trainAdapter } from "../src/train/trained.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { random } from "../src/util/random.ts";
import { languageLora, randomBatch } from "./nano.ts";
import { randomModel, type SizeName } from "./random-model.ts";

/** One process of the full-size benchmark: training steps of a random model, as a line of JSON. */
const settings = {
  ...{ size: "3b-448", dtype: "f16", residuals: "keep", programs: "auto", rows: 1, rank: 8, steps: 1 },
  ...(JSON.parse(process.argv[2] ?? "{}") as object),
} as {
  readonly size: SizeName;
  readonly dtype: "f16" | "f32";
  readonly residuals: "keep" | "recompute" | "auto";
  readonly programs: "auto" | "whole" | "layers";
  readonly rows: number;
  readonly rank: number;
  readonly steps: number;
  readonly layers?: number;
  readonly visionLayers?: number;
};
const model = randomModel(settings.size, settings.dtype, settings);
const loaded_rss_gib = process.memoryUsage().rss / 2 ** 30;
const lora = languageLora(model, settings.rank);
const adapter = initAdapter(lora.modules, lora.rank, random(0, "adapter"));
const trainer = createTrainer(ortEngine(), model, trainAdapter(model, lora, adapter), {
  ...{ betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, max_grad_norm: 1, seed: 0 },
  ...{ residuals: settings.residuals, programs: settings.programs },
});
const batch = randomBatch(model.config, settings.rows);
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
const timed = seconds.slice(1).toSorted((a, b) => a - b);
const step_s = timed[Math.floor(timed.length / 2)] ?? seconds[0]!;
const peak_rss_gib = process.resourceUsage().maxRSS / 2 ** 20;
process.stdout.write(
  `${JSON.stringify({ ...settings, trainable: trainer.values.length, step_s, loss, loaded_rss_gib, peak_rss_gib })}\n`,
);
