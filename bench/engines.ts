import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { table } from "table";

/*
 * A LoRA step of the nano PaliGemma (batch 8, 282 tokens a row) on each engine in turns, each measurement a process of its
 * own; then where TensorFlow.js spends its time, by op. WebAssembly is so much slower that it takes one row a step.
 *
 *     npm run bench:engines
 */
interface Measured {
  readonly step_s: number;
  readonly samples_per_s: number;
  readonly peak_rss_gib: number;
  readonly loss: number;
}
interface Kernel {
  readonly op: string;
  readonly calls: number;
  readonly ms: number;
}

const ROUNDS = 5;
const ENGINES = [
  { name: "ort", settings: { name: "ort" }, rows: 8, steps: 3 },
  { name: "tfjs tensorflow", settings: { name: "tfjs", backend: "tensorflow" }, rows: 8, steps: 3 },
  { name: "tfjs wasm", settings: { name: "tfjs", backend: "wasm" }, rows: 1, steps: 1 },
] as const;

const run = (script: string, ...args: string[]): string =>
  execFileSync(process.execPath, [join(import.meta.dirname, script), ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const printTable = (header: readonly string[], rows: readonly (readonly string[])[]) =>
  process.stdout.write(table([[...header], ...rows.map((row) => [...row])]));

const rounds = Array.from({ length: ROUNDS }, (_, round) =>
  ENGINES.map(({ name, settings, rows, steps }) => {
    process.stderr.write(`round ${round + 1} of ${ROUNDS}: ${name}\n`);
    return JSON.parse(run("engine-step.js", JSON.stringify(settings), `${rows}`, `${steps}`));
  }),
) as Measured[][];
printTable(
  ["engine", "rows a step", "samples/s", "of ort's", "peak GiB"],
  ENGINES.map(({ name, rows }, i) => [
    name,
    `${rows}`,
    median(rounds.map((round) => round[i].samples_per_s)).toFixed(2),
    median(rounds.map((round) => round[i].samples_per_s / round[0].samples_per_s)).toFixed(3),
    median(rounds.map((round) => round[i].peak_rss_gib)).toFixed(2),
  ]),
);

for (const { name, rows } of ENGINES.slice(1)) {
  const kernels = JSON.parse(run("kernels.js", name.split(" ")[1], `${rows}`)) as Kernel[];
  const total = kernels.reduce((sum, { ms }) => sum + ms, 0);
  printTable(
    [name, "calls", "ms", "share"],
    kernels.map(({ op, calls, ms }) => [op, `${calls}`, ms.toFixed(1), `${((100 * ms) / total).toFixed(1)} %`]),
  );
}

const overheads = JSON.parse(run("kernel-overhead.js")) as Record<string, number>;
printTable(
  ["smallest kernel (scalar + scalar)", "us"],
  Object.entries(overheads).map(([name, us]) => [name, us.toFixed(1)]),
);
process.stdout.write(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0].model}\n`);
