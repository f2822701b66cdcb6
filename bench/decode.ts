import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { table } from "table";
import { openMergedWeights } from "../src/export/merged-weights.ts";
import { writeOnnxModel } from "../src/export/onnx-model.ts";
import { ONNX_DTYPES, type OnnxDtype } from "../src/model/onnx-layout.ts";
import { initModel } from "../src/recipes/init-model.ts";

/*
 * Greedy answers a second on the nano base and on a random model of 300 million parameters, in turns with transformers'
 * generate and with transformers.js, in float32 and with whole numbers; and tokens a second of exported files of five types
 * behind one prompt. Each measurement is a process of its own; amlc's is one a core, each on one thread, as amlc predict answers
 * a table.
 *
 *     npm run bench:decode              # AMLC_PYTHON names a Python with torch and transformers; default python3
 */
const HERE = import.meta.dirname;
const ROOT = join(HERE, "..", "..");
const WORK = join(ROOT, "build", "bench-decode");
const PEERS = join(ROOT, "bench", "peers");
const python = process.env.AMLC_PYTHON ?? "python3";
const [TOKENS, ROUNDS] = [8, 3];
const [INT8X2, INT8] = ["amlc, int8x2 files", "amlc, int8 files"];

interface Size {
  readonly name: string;
  readonly folder: string;
  readonly side: number;
  readonly rows: number;
  readonly batch: number;
}

interface Measured {
  readonly answers_per_s: number;
  readonly tokens_per_s: number;
  readonly peak_rss_gib: number;
}

/** As amlc predict answers a table: a process a core, each with its share of the rows. */
async function measureParts(folder: string, rows: number, batch: number, dtype?: string): Promise<Measured> {
  const parts = availableParallelism();
  const work = [folder, rows / parts, Math.min(batch, rows / parts), TOKENS, 1];
  const args = [join(HERE, "decode-answers.js"), ...work, ...(dtype ? ["cpu", dtype] : [])].map(String);
  const outputs = await Promise.all(Array.from({ length: parts }, () => promisify(execFile)(process.execPath, args)));
  const measured = outputs.map(({ stdout }) => JSON.parse(stdout) as Measured);
  const sum = (key: keyof Measured) => measured.reduce((total, part) => total + part[key], 0);
  return { answers_per_s: sum("answers_per_s"), tokens_per_s: 0, peak_rss_gib: sum("peak_rss_gib") };
}

function measure(command: string, args: readonly (string | number)[]): Measured {
  const stdio = ["ignore", "pipe", "inherit"] as const;
  const output = execFileSync(command, args.map(String), { encoding: "utf8", stdio: [...stdio] });
  return JSON.parse(output.trim().split("\n").at(-1)!) as Measured;
}

/** 300 million parameters: SigLIP of 12 layers and width 768, Gemma of 14 layers and width 1024, 224 px. */
async function makeLarge(folder: string): Promise<void> {
  const like = join(WORK, "like");
  await cp(join(ROOT, "checkpoints", "nano"), like, { recursive: true });
  const change = (file: string, by: (json: Record<string, never>) => object) => {
    const json = JSON.parse(readFileSync(join(like, file), "utf8"));
    writeFileSync(join(like, file), JSON.stringify({ ...json, ...by(json) }));
  };
  change("config.json", ({ text_config, vision_config }) => ({
    ...{ hidden_size: 1024, projection_dim: 1024 },
    text_config: {
      ...(text_config as object),
      ...{ hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 14, num_image_tokens: 256 },
      ...{ num_attention_heads: 4, num_key_value_heads: 1, head_dim: 256 },
    },
    vision_config: {
      ...(vision_config as object),
      ...{ hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12, num_attention_heads: 12 },
      ...{ image_size: 224, num_image_tokens: 256, projection_dim: 1024 },
    },
  }));
  rmSync(join(like, "processor_config.json")); // it would count, with nano's size
  change("preprocessor_config.json", () => ({ size: { height: 224, width: 224 }, image_seq_length: 256 }));
  await initModel({ like, output: folder, seed: 0, dtype: "fp32", range: 0.02 });
}

async function exported(folder: string, dtypes: readonly OnnxDtype[]): Promise<string> {
  const output = `${folder}-onnx`;
  if (existsSync(output)) return output;
  await using weights = await openMergedWeights(folder);
  mkdirSync(output);
  await writeOnnxModel(output, weights, { dtypes });
  return output;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

function hasPeer(): boolean {
  try {
    execFileSync(python, ["-c", "import torch, transformers"], { stdio: "ignore" });
    return true;
  } catch {
    process.stdout.write(`${python} has no torch and transformers: no ratio to them (AMLC_PYTHON names another)\n`);
    return false;
  }
}

rmSync(WORK, { recursive: true, force: true });
mkdirSync(WORK, { recursive: true });
const nano = join(WORK, "nano");
await cp(join(ROOT, "checkpoints", "nano"), nano, { recursive: true });
const large = join(WORK, "large");
await makeLarge(large);
const sizes: readonly Size[] = [
  { name: "nano", folder: nano, side: 112, rows: 64, batch: 16 },
  { name: "300M", folder: large, side: 224, rows: 8, batch: 4 },
];
const withPython = hasPeer();
for (const { name, folder, side, rows, batch } of sizes) {
  const onnx = await exported(folder, name === "nano" ? ["fp32", "int8x2", "int8"] : ONNX_DTYPES);
  const answers = (of: string, ...others: string[]) =>
    measure(process.execPath, [
      ...[join(HERE, "decode-answers.js"), of, rows, batch, TOKENS, availableParallelism(), ...others],
    ]);
  const theirs = (dtype: string) =>
    measure(process.execPath, [join(PEERS, "transformers-js.mjs"), onnx, side, rows, TOKENS, dtype]);
  const transformers = (dtype: string) =>
    measure(python, [join(PEERS, "hf_generate.py"), folder, side, rows, batch, TOKENS, dtype]);
  const contestants: Readonly<Record<string, () => Measured | Promise<Measured>>> = {
    amlc: () => measureParts(folder, rows, batch),
    "amlc, one process": () => answers(folder),
    [INT8X2]: () => measureParts(onnx, rows, batch, "int8x2"),
    [INT8]: () => measureParts(onnx, rows, batch, "int8"),
    "amlc, int8 files, one process": () => answers(onnx, "cpu", "int8"),
    "transformers.js": () => theirs("fp32"),
    "transformers.js, int8 files": () => theirs("int8"),
    ...(withPython && {
      transformers: () => transformers("float32"),
      "transformers, bfloat16": () => transformers("bfloat16"),
    }),
  };
  const rounds: Record<string, Measured>[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const round: Record<string, Measured> = {};
    for (const [who, run] of Object.entries(contestants)) round[who] = await run();
    rounds.push(round);
  }
  const lines = Object.keys(contestants).map((who) => {
    const speed = median(rounds.map((round) => round[who]!.answers_per_s));
    const ratioOf = (ours: string) =>
      median(rounds.map((round) => round[ours]!.answers_per_s / round[who]!.answers_per_s)).toFixed(2);
    const peak = median(rounds.map((round) => round[who]!.peak_rss_gib));
    return [who, speed.toFixed(2), ...["amlc", INT8X2, INT8].map(ratioOf), peak.toFixed(2)];
  });
  process.stdout.write(`${name}: answers of ${TOKENS} tokens, median of ${ROUNDS} rounds\n`);
  process.stdout.write(
    table([["", "answers/s", "amlc is times as fast", "its int8x2 files", "its int8 files", "peak GiB"], ...lines]),
  );
}
const files = await exported(large, []);
const tokens = ONNX_DTYPES.map((dtype) => ({
  dtype,
  ...measure(process.execPath, [join(HERE, "decode-tokens.js"), files, dtype, 32]),
}));
const half = tokens.find(({ dtype }) => dtype === "fp16")!;
process.stdout.write("300M: exported files, one prompt, tokens a second\n");
process.stdout.write(
  table([
    ["", "tokens/s", "times fp16", "peak GiB"],
    ...tokens.map(({ dtype, tokens_per_s, peak_rss_gib }) => [
      ...[dtype, tokens_per_s.toFixed(1), (tokens_per_s / half.tokens_per_s).toFixed(2), peak_rss_gib.toFixed(2)],
    ]),
  ]),
);
