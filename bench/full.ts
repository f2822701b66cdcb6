import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { table } from "table";
import { renderSvg } from "../src/report/vega-svg.ts";
import { writeFileAtomic } from "../src/util/files.ts";
import { type GrowthPoint, growthSpec } from "./growth-chart.ts";

/*
 * One LoRA step of PaliGemma-3B at 448 px, batch 1, adapters on the language model, beside transformers + PEFT + torch, which
 * needs gradient checkpointing to fit. Each measurement is a process of its own, for its peak memory; each of ours measures
 * the machine's own rate of float32 products before and after its steps.
 *
 *     npm run bench:full                     # about 25 minutes and 20 GiB; AMLC_PYTHON names a Python with torch and PEFT
 *     npm run bench:full -- growth           # how time and memory grow, without the peer: about half an hour;
 *                                            # draws docs/images/growth.svg
 *     npm run bench:full -- load FOLDER      # loading a base, beside a bare reading of its files; two minutes
 */
interface Measured {
  readonly step_s: number;
  readonly peak_rss_gib: number;
  readonly loss: number;
}

interface Ours extends Measured {
  /** Of the model: forward and backward, without what is computed again. */
  readonly model_flops: number;
  readonly gemm_flops_per_s: number;
}

const HERE = join(import.meta.dirname);
const PEER = join(HERE, "..", "..", "bench", "peers", "torch_lora.py");
const GROWTH_CHART = join(HERE, "..", "..", "docs", "images", "growth.svg");
const python = process.env.AMLC_PYTHON ?? "python3";

function measure<T>(command: string, args: readonly string[]): T {
  const output = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(output.trim().split("\n").at(-1)!) as T;
}

const ours = (settings: object) =>
  measure<Ours>(process.execPath, [join(HERE, "full-step.js"), JSON.stringify(settings)]);

const cells = ({ step_s, peak_rss_gib }: Pick<Measured, "step_s" | "peak_rss_gib">) => [
  step_s.toFixed(1),
  peak_rss_gib.toFixed(2),
];
const shareOf = ({ model_flops, step_s, gemm_flops_per_s }: Ours) => model_flops / step_s / gemm_flops_per_s;
const rate = (flops: number) => (flops / 1e9).toFixed(0);

const OTHERS = {
  "amlc, fp16, residuals computed again": { residuals: "recompute" },
  "amlc, int8x2, residuals computed again": { residuals: "recompute", int8: 2 },
  "amlc, int8, 12 of 19 kept": { residuals: 12, int8: 1 },
  "amlc, 8 bits, 12 of 19 kept": { residuals: 12, bits: 8 },
  "amlc, 4 bits, 8 of 19 kept": { residuals: 8, bits: 4 },
};

function besidePeer(): void {
  const torch = (dtype: string) =>
    measure<Measured>(python, [PEER, "--size", "3b-448", "--checkpointing", "--steps", "1", "--dtype", dtype]);
  const kept = (int8?: 1 | 2) => ours({ residuals: "keep", ...(int8 && { int8 }) });
  const [fp16, int8x2, peer, int8, half] = [kept(), kept(2), torch("float32"), kept(1), torch("bfloat16")];
  const rows = [
    row("amlc, fp16", fp16),
    row("amlc, int8x2", int8x2),
    row("amlc, int8", int8),
    ["transformers + PEFT + torch, float32", ...cells(peer), "", "", ""],
    ["transformers + PEFT + torch, bfloat16", ...cells(half), "", "", ""],
    ...Object.entries(OTHERS).map(([name, settings]) => row(name, ours(settings))),
  ];
  process.stdout.write(table([["", "s a step", "peak GiB", "GFLOP/s", "GEMM GFLOP/s", "share"], ...rows]));
  for (const [name, { step_s, peak_rss_gib }] of Object.entries({ fp16, int8x2, int8 })) {
    const [time, memory] = [step_s / peer.step_s, peak_rss_gib / peer.peak_rss_gib].map((ratio) => ratio.toFixed(2));
    process.stdout.write(
      `amlc with ${name} weights / torch in float32: ${time} of the time, ${memory} of the peak memory\n`,
    );
  }
}

function row(name: string, result: Ours): string[] {
  const { model_flops, step_s, gemm_flops_per_s } = result;
  return [name, ...cells(result), rate(model_flops / step_s), rate(gemm_flops_per_s), shareOf(result).toFixed(2)];
}

const GROWTH: Readonly<Record<string, readonly (readonly [to: number, settings: object])[]>> = {
  "rows of a batch": [1, 2, 4].map((rows) => [rows, { rows }]),
  "image tokens": [
    [256, { size: "3b-224" }],
    [1024, { size: "3b-448" }],
  ],
  rank: [4, 8, 64].map((rank) => [rank, { rank }]),
  "layers of the language model": [2, 6, 18].map((layers) => [layers, { layers }]),
};

/** What all the columns of the growth have in common: one row of 448 px, rank 8, 18 layers; measured once. */
const USUAL = { rows: 1, size: "3b-448", rank: 8, layers: 18 };

async function growth(): Promise<void> {
  const measured = new Map<string, Ours>();
  const once = (settings: object) => {
    const key = JSON.stringify({ residuals: "auto", ...USUAL, ...settings });
    if (!measured.has(key)) measured.set(key, ours(JSON.parse(key)));
    return measured.get(key)!;
  };
  const points = Object.entries(GROWTH).flatMap(([what, all]) =>
    all.map(([to, settings]): GrowthPoint => ({ what, to, ...once(settings) })),
  );
  const rows = points.map((point) => [point.what, point.to, ...cells(point)]);
  process.stdout.write(table([["what grows", "to", "s a step", "peak GiB"], ...rows]));
  await writeFileAtomic(GROWTH_CHART, await renderSvg(growthSpec(points)));
}

interface Loaded {
  readonly wall_s: number;
  readonly cpu_s: number;
}

const LOAD_ROUNDS = 5;

/** Peers: the bytes of all tensors asked for at once, as amlc does, and of one after the other. */
function loading(folder: string): void {
  const run = (...args: readonly string[]) =>
    measure<Loaded>(process.execPath, [join(HERE, "load.js"), folder, ...args]);
  const bytes = { all: () => run("bytes"), inTurn: () => run("bytes", "1") };
  bytes.all(); // files into the page cache
  const rows = Array.from({ length: LOAD_ROUNDS }, () => {
    const [base, all, inTurn] = [run("base"), bytes.all(), bytes.inTurn()];
    const ratios = [all, inTurn].map(({ wall_s }) => (base.wall_s / wall_s).toFixed(2));
    return [...[base, all, inTurn].flatMap((each) => [each.wall_s.toFixed(2), each.cpu_s.toFixed(2)]), ...ratios];
  });
  const head = ["base, s", "CPU s", "bytes, s", "CPU s", "in turn, s", "CPU s", "base / bytes", "base / in turn"];
  process.stdout.write(table([head, ...rows]));
}

if (process.argv[2] === "growth") await growth();
else if (process.argv[2] === "load") loading(process.argv[3]!);
else besidePeer();
