import { performance } from "node:perf_hooks";
import { nanoBatch, nanoModel, nanoTrainer } from "./nano.ts";

/** One process of the training benchmark: prints a JSON line as bench/peers/torch_lora.py does. */
const [rows, steps] = process.argv.slice(2).map(Number) as [number, number];
const trainer = nanoTrainer(nanoModel());
const batch = nanoBatch(rows);
const seconds: number[] = [];
let loss = 0;
for (let step = 0; step <= steps; step++) {
  const start = performance.now();
  const result = await trainer.differentiate([batch], step + 1);
  trainer.update(result.gradNorm, 2e-5);
  if (step > 0) seconds.push((performance.now() - start) / 1000);
  loss = result.loss;
}
const median = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)]!;
const result = {
  trainable: trainer.values.length,
  step_s: median,
  samples_per_s: rows / median,
  loss,
  peak_rss_gib: process.resourceUsage().maxRSS / 2 ** 20,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
