import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { withHalfProducts } from "../src/engine/half-products.ts";
import { survey } from "../src/engine/survey.ts";
import { tfjsEngine } from "../src/engine/tfjs/tfjs.ts";
import { f32ToF16 } from "../src/formats/half.ts";
import { flopsOf } from "../src/graph/print.ts";
import { batchShape } from "../src/train/feeds.ts";
import { lossGraph } from "../src/train/loss-graph.ts";
import { tensor } from "../src/util/tensor.ts";
import { languageLora, nanoBatch, nanoModel, nanoTrainer } from "./nano.ts";

/*
 * LoRA steps of the nano PaliGemma with fp16 weights on an NVIDIA GPU, as one JSON document: time of a step, memory of the
 * GPU, and which fraction of the rate of a large fp16 product a step reaches.
 *
 *     npx amlc setup tensorflow --gpu && npm run -s bench:gpu > gpu.json       # -- --allow-cpu: to try the benchmark itself
 */
const [ROWS, STEPS] = [8, 20];
const allowCpu = process.argv.includes("--allow-cpu");

const engine = await tfjsEngine({ backend: "tensorflow" });
if (engine.backend.device !== "GPU" && !allowCpu) {
  process.stderr.write("TensorFlow found no GPU: run npx amlc setup tensorflow --gpu, and look at nvidia-smi\n");
  process.exit(1);
}

/** What nvidia-smi says, or null where there is none. */
function askGpu(field: string): string | null {
  try {
    const args = [`--query-gpu=${field}`, "--format=csv,noheader,nounits"];
    const answer = execFileSync("nvidia-smi", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return answer.split("\n")[0].trim(); // TensorFlow takes the first
  } catch {
    return null;
  }
}

const wide = nanoModel();
const model = {
  ...wide,
  dtype: "f16" as const,
  weights: Object.fromEntries(
    Object.entries(wide.weights).map(([name, { shape, data }]) => [
      name,
      tensor("f16", shape, f32ToF16(data as Float32Array)),
    ]),
  ),
};
const trainer = nanoTrainer(model, withHalfProducts(engine));
const batch = nanoBatch(ROWS);
const seconds: number[] = [];
let [loss, memory] = [0, 0];
for (let step = 0; step <= STEPS; step++) {
  const start = performance.now();
  const result = await trainer.differentiate([batch], step + 1);
  trainer.update(result.gradNorm, 2e-5);
  if (step > 0) seconds.push((performance.now() - start) / 1000);
  memory = Math.max(memory, Number(askGpu("memory.used")));
  loss = result.loss;
}
const step_s = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
const graph = lossGraph(model.config, batchShape(batch), "f16", languageLora(model));
const gflop = graph.nodes.reduce((sum, node) => sum + flopsOf(node), 0) / 1e9;
const { speed, checks } = await survey({ name: "tfjs tensorflow", settings: { name: "tfjs", backend: "tensorflow" } });
const result = {
  gpu: askGpu("name"),
  driver: askGpu("driver_version"),
  tensorflow: engine.backend.version,
  device: engine.backend.device,
  node: process.versions.node,
  cpu: `${cpus().length} × ${cpus()[0].model}`,
  ops_right: `${checks.filter(({ passed }) => passed).length} of ${checks.length}`,
  rows: ROWS,
  step_s,
  samples_per_s: ROWS / step_s,
  loss,
  step_gflop: gflop,
  step_gflops: gflop / step_s,
  product_gflops_fp16: speed?.gflops_fp16 ?? null,
  product_gflops_fp32: speed?.gflops_fp32 ?? null,
  fraction_of_fp16_product: speed?.gflops_fp16 ? gflop / step_s / speed.gflops_fp16 : null,
  gpu_memory_mib: memory || null,
  peak_rss_gib: process.resourceUsage().maxRSS / 2 ** 20,
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
process.exit();
