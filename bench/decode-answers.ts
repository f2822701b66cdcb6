import { performance } from "node:perf_hooks";
import { loadTokenizer } from "../src/data/tokenizer.ts";
import { ortEngine } from "../src/engine/ort/ort.ts";
import { graphReader } from "../src/infer/graph-reader.ts";
import { searchAnswers } from "../src/infer/search.ts";
import { loadModel } from "../src/model/model.ts";
import { bestOf, peakGib } from "./best-of.ts";

/*
 * One process of the decoding benchmark: greedy answers of TOKENS tokens to ROWS random images, BATCH side by side, on THREADS
 * threads and onnxruntime's PROVIDERS, if not on the CPU, with weights in DTYPE, f32 or f16; prints a JSON line as bench/peers/hf_generate.py does.
 *
 *     node decode-answers.js FOLDER ROWS BATCH TOKENS THREADS [PROVIDERS [DTYPE]]
 */
const [folder, ...rest] = process.argv.slice(2) as [string, ...string[]];
const [rows, batch, maxTokens, threads] = rest.map(Number) as [number, number, number, number];
const providers = (rest[4] ?? "cpu").split(",");
const dtype = rest[5] === "f16" ? "f16" : "f32";
const model = await loadModel(folder, dtype);
const tokenizer = await loadTokenizer(folder);
const side = model.config.vision.imageSize;
const prompt = [tokenizer.bosId, ...tokenizer.encode("answer en What is the item weight?\n")];
const pixels = Array.from({ length: rows }, (_, i) =>
  Float32Array.from({ length: 3 * side * side }, (_, j) => Math.sin(i + j)),
);
const reader = graphReader(ortEngine({ threads, providers }), model).with({});

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
