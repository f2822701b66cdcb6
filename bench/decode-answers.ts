import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { loadTokenizer } from "../src/data/tokenizer.ts";
import { ortEngine } from "../src/engine/ort/ort.ts";
import { withProducts } from "../src/engine/products.ts";
import { graphReader } from "../src/infer/graph-reader.ts";
import { onnxReader } from "../src/infer/onnx-reader.ts";
import { searchAnswers } from "../src/infer/search.ts";
import { loadModel, type WeightDType } from "../src/model/model.ts";
import { readModelConfig } from "../src/model/model-config.ts";
import type { OnnxDtype } from "../src/model/onnx-layout.ts";
import { bestOf, peakGib } from "./best-of.ts";

/*
 * One process of the decoding benchmark: greedy answers of TOKENS tokens to ROWS random images, BATCH side by side, on THREADS
 * threads and onnxruntime's PROVIDERS, if not on the CPU; prints a JSON line as bench/peers/hf_generate.py does. DTYPE is that of
 * the weights, f32, f16, i8 or i8x2, or in a folder of ONNX files that of the files.
 *
 *     node decode-answers.js FOLDER ROWS BATCH TOKENS THREADS [PROVIDERS [DTYPE]]
 */
const [folder, ...rest] = process.argv.slice(2) as [string, ...string[]];
const [rows, batch, maxTokens, threads] = rest.map(Number) as [number, number, number, number];
const providers = (rest[4] ?? "cpu").split(",");
const engine = { threads, providers };
const config = await readModelConfig(folder);
const reader = existsSync(join(folder, "onnx"))
  ? await onnxReader(folder, (rest[5] ?? "fp32") as OnnxDtype, config, engine)
  : graphReader(
      withProducts(ortEngine(engine), providers[0] === "cpu" ? "int8" : "fp16"),
      await loadModel(folder, (rest[5] ?? "f32") as WeightDType),
    ).with({});
const tokenizer = await loadTokenizer(folder);
const side = config.vision.imageSize;
const prompt = [tokenizer.bosId, ...tokenizer.encode("answer en What is the item weight?\n")];
const pixels = Array.from({ length: rows }, (_, i) =>
  Float32Array.from({ length: 3 * side * side }, (_, j) => Math.sin(i + j)),
);

/** Nothing ends an answer early. */
const NEVER = -1;

async function answerAll(): Promise<number> {
  const start = performance.now();
  for (let row = 0; row < rows; row += batch) {
    const features = await reader.look(pixels.slice(row, row + batch));
    const prompts = features.map((seen) => ({
      features: seen,
      tokens: Int32Array.from(prompt),
      length: prompt.length,
    }));
    const reading = await reader.read(prompts, maxTokens);
    await searchAnswers(reading, prompts.length, { eosId: NEVER, maxTokens, width: 1 });
  }
  return (performance.now() - start) / 1000;
}

const answers_per_s = rows / (await bestOf(answerAll));
process.stdout.write(`${JSON.stringify({ answers_per_s, peak_rss_gib: peakGib() })}\n`);
