import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { table } from "table";
import type { Engine, Tensors } from "../src/engine/engine.ts";
import { ortEngine } from "../src/engine/ort/ort.ts";
import { makeGraph } from "../src/graph/graph.ts";
import { input, shift } from "../src/graph/ops/index.ts";
import { numImageTokens } from "../src/model/config.ts";
import { initAdapter, loraModules } from "../src/model/lora.ts";
import { loadModel, type Model } from "../src/model/model.ts";
import { paligemmaParameters } from "../src/model/paligemma.ts";
import type { TrainingBatch } from "../src/train/feeds.ts";
import { trainAdapter } from "../src/train/trained.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { random } from "../src/util/random.ts";
import { tensor } from "../src/util/tensor.ts";

/*
 * Training steps of the tiny model on onnxruntime's WebGPU and CPU providers, in turns; what a run costs by itself; what is
 * copied. VK_ICD_FILENAMES names the device's driver.
 *
 *     npx tsc -p tsconfig.bench.json && node build/bench/webgpu.js
 */
const [ROWS, STEPS, RUNS] = [4, 10, 50];
const PROVIDERS = ["webgpu", "cpu"];
const model = await loadModel(join(import.meta.dirname, "..", "..", "checkpoints", "tiny"), "f32");

interface Traffic {
  weights: number;
  up: number;
  down: number;
}

const bytes = (tensors: Tensors) => Object.values(tensors).reduce((n, { data }) => n + data.byteLength, 0);

/** Counts what crosses the engine's border; weights when they are bound, the rest of the last run. */
function counted(engine: Engine, traffic: Traffic): Engine {
  return {
    ...engine,
    async compile(graph, weights = {}) {
      traffic.weights += bytes(weights);
      const program = await engine.compile(graph, weights);
      return {
        ...program,
        async run(feeds, into) {
          const outputs = await program.run(feeds, into);
          [traffic.up, traffic.down] = [bytes(feeds), bytes(outputs)];
          return outputs;
        },
      };
    },
  };
}

function trainerOn(engine: Engine, { config }: Model) {
  const modules = loraModules(paligemmaParameters(config), { targets: ["q_proj", "v_proj"], exclude: null });
  const adamw = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, max_grad_norm: 1, seed: 0 } as const;
  const lora = { modules, rank: 8, scale: 2, dropout: 0 };
  return createTrainer(engine, model, trainAdapter(model, lora, initAdapter(modules, 8, random(0, "adapter"))), adamw);
}

function batchOf({ config: { vision, text } }: Model): TrainingBatch {
  const generator = random(0, "batch");
  const [prefix, suffix] = [12, 4];
  return {
    pixels: Float32Array.from({ length: ROWS * 3 * vision.imageSize ** 2 }, () => generator.uniform() * 2 - 1),
    tokens: Int32Array.from({ length: ROWS * (prefix + suffix) }, () => 3 + generator.int(text.vocabSize - 100)),
    prefixLengths: new Int32Array(ROWS).fill(prefix),
    suffixLengths: new Int32Array(ROWS).fill(suffix),
  };
}

/** Time on the clock, and on all processors: others on the machine lengthen the first alone. */
async function milliseconds(f: () => Promise<unknown>): Promise<{ clock: number; processors: number }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await f();
  const { user, system } = process.cpuUsage(before);
  return { clock: performance.now() - start, processors: (user + system) / 1000 };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** A run that computes next to nothing, with so many outputs of 1024 numbers. */
async function overhead(engine: Engine, outputs: number): Promise<number> {
  const x = input("x", "f32", [1024]);
  const names = Array.from({ length: outputs }, (_, i) => [`y${i}`, shift(x, i + 1)] as const);
  const program = await engine.compile(makeGraph(Object.fromEntries(names)));
  const feeds = { x: tensor("f32", [1024], new Float32Array(1024)) };
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) times.push((await milliseconds(() => program.run(feeds))).clock);
  await program.release();
  return median(times);
}

const batch = batchOf(model);
const sides = PROVIDERS.map((provider) => {
  const traffic = { weights: 0, up: 0, down: 0 };
  const engine = ortEngine({ providers: [provider] });
  return {
    provider,
    engine,
    traffic,
    trainer: trainerOn(counted(engine, traffic), model),
    times: [] as Awaited<ReturnType<typeof milliseconds>>[],
  };
});
for (let step = 1; step <= STEPS + 1; step++) {
  for (const { trainer, times } of sides) times.push(await milliseconds(() => trainer.differentiate([batch], step)));
}
const rows: string[][] = [];
for (const { provider, engine, traffic, times } of sides) {
  const [first, ...rest] = times;
  const [clock, processors] = [rest.map((time) => time.clock), rest.map((time) => time.processors)].map(median);
  const costs = [first!.clock, clock!, processors!, await overhead(engine, 1), await overhead(engine, RUNS)];
  const { weights, up, down } = traffic;
  rows.push([provider, ...costs.map((ms) => ms.toFixed(1)), ...[weights, up, down].map((n) => (n / 1024).toFixed(0))]);
}
const HEADER = [
  "provider",
  "first step ms",
  "step ms",
  "of processors ms",
  "run, 1 output ms",
  `run, ${RUNS} outputs ms`,
];
process.stdout.write(table([[...HEADER, "weights KiB", "up KiB", "down KiB"], ...rows]));
process.stdout.write(
  `${ROWS} rows of ${numImageTokens(model.config.vision) + 16} tokens, medians of ${STEPS} steps and ${RUNS} runs\n`,
);
