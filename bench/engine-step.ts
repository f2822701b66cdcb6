import { performance } from "node:perf_hooks";
import { createEngine, type EngineConfig } from "../src/engine/create.ts";
import { nanoBatch, nanoModel, nanoTrainer } from "./nano.ts";

/** One process of the engines' benchmark: training steps of the nano model on one engine, as a line of JSON. */
const [settings, rows, steps, recompute] = process.argv.slice(2) as [string, string, string, string?];
const engine = await createEngine({
  ...{ name: "ort", backend: "auto", products: "auto", providers: ["cpu"], threads: null },
  ...(JSON.parse(settings) as Partial<EngineConfig>),
});
const trainer = nanoTrainer(nanoModel(), engine, recompute === "recompute");
const batch = nanoBatch(Number(rows));
const seconds: number[] = [];
let loss = 0;
for (let step = 0; step <= Number(steps); step++) {
  const start = performance.now();
  const result = await trainer.differentiate([batch], step + 1);
  trainer.update(result.gradNorm, 2e-5);
  if (step > 0) seconds.push((performance.now() - start) / 1000);
  loss = result.loss;
}
const step_s = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
const peak_rss_gib = process.resourceUsage().maxRSS / 2 ** 20;
process.stdout.write(`${JSON.stringify({ step_s, samples_per_s: Number(rows) / step_s, loss, peak_rss_gib })}\n`);
process.exit(); // a WebAssembly backend's threads would keep the process alive
