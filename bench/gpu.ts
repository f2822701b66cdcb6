import { execFileSync, spawn } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { type Candidate, candidates, type Survey } from "../src/engine/survey.ts";

/*
 * LoRA steps of random PaliGemmas with fp16 weights on each engine that computes on this machine's GPU, as one JSON document:
 * whether every op is right, the rate of a large product, and of each size the time of a step, the memory of the GPU and the
 * loss beside the processor's. Each measurement is a process of its own; what fails is part of the answer.
 *
 *     npm run -s bench:gpu > gpu.json                     # -- --sizes nano,300m --engines "ort webgpu,tfjs tensorflow"
 */
const ALL_SIZES = {
  nano: { rows: 8, steps: 20 },
  "300m": { rows: 8, steps: 10 },
  "3b-448": { rows: 1, steps: 5 },
} as const;
/** Of a process. A device's first step compiles its kernels. */
const TIMEOUT_MS = 240_000;
const JUDGE = { name: "ort cpu", settings: { name: "ort", providers: ["cpu"] } } as const satisfies Candidate;

/** What comes after an option, in parts. */
function listed(option: string): string[] | undefined {
  const at = process.argv.indexOf(option);
  return at < 0 ? undefined : process.argv[at + 1]?.split(",");
}

/** What nvidia-smi says of the first GPU, or null where there is none. */
function askGpu(field: string): string | null {
  try {
    const args = [`--query-gpu=${field}`, "--format=csv,noheader,nounits"];
    const answer = execFileSync("nvidia-smi", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return answer.split("\n")[0]!.trim();
  } catch {
    return null;
  }
}

interface Measured {
  readonly [field: string]: unknown;
  readonly gpu_memory_mib: number | null;
}

/** Runs a script beside this one, which prints a line of JSON; meanwhile asks how much of the GPU's memory is in use. */
function measure(script: string, argument: object): Promise<Measured> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), JSON.stringify(argument)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
  });
  const [output, problems] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString().trim();
  });
  let memory = 0;
  const watch = setInterval(() => {
    memory = Math.max(memory, Number(askGpu("memory.used")));
  }, 500);
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      clearInterval(watch);
      const last = output!().split("\n").at(-1)!;
      const failure = { failed: `exit code ${code ?? signal}`, said: problems!().slice(-2000) };
      resolve({ ...(code === 0 ? (JSON.parse(last) as object) : failure), gpu_memory_mib: memory || null });
    });
  });
}

async function steps({ name, settings }: Candidate, sizes: readonly (keyof typeof ALL_SIZES)[]) {
  const results: Record<string, Measured> = {};
  for (const size of sizes) {
    process.stderr.write(`  ${size}\n`);
    const work = { size, ...ALL_SIZES[size], programs: "whole", engine: settings };
    results[size] = await measure("full-step.js", name === JUDGE.name ? { ...work, steps: 1 } : work);
  }
  return results;
}

const sizes = (listed("--sizes") ?? Object.keys(ALL_SIZES)) as (keyof typeof ALL_SIZES)[];
const wanted = listed("--engines") ?? ["ort webgpu", "ort cuda", "tfjs tensorflow"];
const engines: Record<string, object> = {};
for (const candidate of [JUDGE, ...(await candidates()).filter(({ name }) => wanted.includes(name))]) {
  process.stderr.write(`${candidate.name}\n`);
  const found = (await measure("survey-engine.js", candidate)) as unknown as Survey;
  const { device, speed, problem, checks = [] } = found;
  const wrong = checks.filter(({ passed }) => !passed);
  const isUsable = found.ready && (candidate.name === JUDGE.name || !device?.startsWith("CPU"));
  engines[candidate.name] = {
    ...{
      device,
      problem: problem ?? null,
      ...speed,
      ops_right: checks.length - wrong.length,
      ops: checks.length,
      wrong,
    },
    steps: isUsable ? await steps(candidate, sizes) : null,
  };
}
const [gpu, driver] = ["name", "driver_version"].map(askGpu);
const machine = { gpu, driver, node: process.versions.node, cpu: `${cpus().length} × ${cpus()[0]!.model}` };
process.stdout.write(`${JSON.stringify({ ...machine, engines }, null, 2)}\n`);
