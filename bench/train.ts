import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { table } from "table";

/*
 * LoRA training of the nano PaliGemma (batch 8, 282 tokens a row) in turns with transformers + PEFT + torch: the machine's
 * speed drifts, so only ratios of neighbours count. Each measurement is a process of its own, for its peak memory.
 *
 *     npm run bench                     # AMLC_PYTHON names a Python with torch, transformers and peft; default python3
 */
interface Measured {
  readonly samples_per_s: number;
  readonly peak_rss_gib: number;
  readonly trainable: number;
}

const [BATCH, STEPS, ROUNDS] = [8, 5, 5];
const HERE = join(import.meta.dirname);
const PEER = join(HERE, "..", "..", "bench", "peers", "torch_lora.py");
const python = process.env.AMLC_PYTHON ?? "python3";

function measure(command: string, args: readonly string[]): Measured {
  const output = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return JSON.parse(output.trim().split("\n").at(-1)!) as Measured;
}

const amlc = () => measure(process.execPath, [join(HERE, "train-step.js"), `${BATCH}`, `${STEPS}`]);
const torch = () => measure(python, [PEER, "--size", "nano", "--batch", `${BATCH}`, "--steps", `${STEPS}`]);

function peerIsMissing(): string | null {
  try {
    execFileSync(python, ["-c", "import torch, transformers, peft"], { stdio: "ignore" });
    return null;
  } catch {
    return `${python} with torch, transformers and peft was not found: no ratio (pip install torch transformers peft; AMLC_PYTHON names another Python)`;
  }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const missing = peerIsMissing();
const rounds = Array.from({ length: ROUNDS }, () => ({ amlc: amlc(), torch: missing ? null : torch() }));
const rows = rounds.flatMap(({ amlc, torch }, i) => [
  [`${i + 1}`, "amlc", amlc.samples_per_s.toFixed(2), amlc.peak_rss_gib.toFixed(2)],
  ...(torch ? [[`${i + 1}`, "torch", torch.samples_per_s.toFixed(2), torch.peak_rss_gib.toFixed(2)]] : []),
]);
process.stdout.write(table([["round", "", "samples/s", "peak GiB"], ...rows]));
if (missing) process.stdout.write(`${missing}\n`);
else {
  const speed = median(rounds.map(({ amlc, torch }) => amlc.samples_per_s / torch!.samples_per_s));
  const memory = median(rounds.map(({ amlc, torch }) => amlc.peak_rss_gib / torch!.peak_rss_gib));
  process.stdout.write(
    `amlc / torch, median of ${ROUNDS} rounds: ${speed.toFixed(2)} times the samples a second, ${memory.toFixed(2)} of the peak memory\n`,
  );
}
