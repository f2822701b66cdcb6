import { performance } from "node:perf_hooks";
import { loadTokenizer } from "../src/data/tokenizer.ts";
import { onnxReader } from "../src/infer/onnx-reader.ts";
import { readModelConfig } from "../src/model/model-config.ts";
import type { OnnxDtype } from "../src/model/onnx-layout.ts";
import { bestOf, peakGib } from "./best-of.ts";

/** Tokens a second behind one prompt, of exported files: node decode-tokens.js FOLDER DTYPE TOKENS */
const [folder, dtype, count] = process.argv.slice(2) as [string, OnnxDtype, string];
const tokens = Number(count);
const config = await readModelConfig(folder);
const tokenizer = await loadTokenizer(folder);
const reader = await onnxReader(folder, dtype, config);
const side = config.vision.imageSize;
const [features] = await reader.look([Float32Array.from({ length: 3 * side * side }, (_, j) => Math.sin(j))]);
const prompt = Int32Array.from([tokenizer.bosId, ...tokenizer.encode("answer en What is the item weight?\n")]);

async function goOn(): Promise<number> {
  const reading = await reader.read([{ features: features!, tokens: prompt, length: prompt.length }], tokens);
  const start = performance.now();
  for (let i = 0; i < tokens; i++) await reading.next([0], [prompt[1]!]);
  return (performance.now() - start) / 1000;
}

const tokens_per_s = tokens / (await bestOf(goOn));
process.stdout.write(`${JSON.stringify({ tokens_per_s, peak_rss_gib: peakGib() })}\n`);
