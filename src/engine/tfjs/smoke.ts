import { execFile } from "node:child_process";
import { findJson } from "../../formats/found-json.ts";
import type { Binding } from "./binding.ts";

/** What a TensorFlow says of itself, once it has multiplied two matrices of float16 rightly. */
export interface SmokeResult {
  /** As `2.21.0`. */
  readonly version: string;
  /** Whether it computes on a GPU. */
  readonly usesGpu: boolean;
  /** Names of the GPUs it has found. */
  readonly gpus: readonly string[];
}

/** Why a binding does not work. */
export class SmokeFault extends Error {}

interface Answer {
  readonly version: string;
  readonly usesGpu: boolean;
  readonly product: readonly number[];
  readonly expected: readonly number[];
}

const SECONDS = 180;

/**
 * Loads a binding in a process of its own, where a crash or a hang does no harm, and multiplies two matrices of float16.
 * @throws SmokeFault
 */
export async function testBinding(path: string, signal?: AbortSignal): Promise<SmokeResult> {
  // The process's program is the text of one function: no file to find, be it in src/ or in dist/.
  const program = `(${multiply})(require, ${JSON.stringify(path)})`;
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "0", TF_FORCE_GPU_ALLOW_GROWTH: "true" };
  const { stdout, stderr } = await run(["-e", program], env, signal);
  const answer = findJson(stdout) as Answer | undefined;
  if (answer?.product === undefined) throw new SmokeFault("it ended without a result");
  const { version, usesGpu, product, expected } = answer;
  if (product.join() !== expected.join()) {
    throw new SmokeFault(
      `float16 matrices were multiplied wrongly: ${product.slice(0, 4)}, and not ${expected.slice(0, 4)}`,
    );
  }
  const gpus = [...stderr.matchAll(/device:GPU:\d+ with .*? name: ([^,]+)/g)].map(([, name]) => name);
  return { version, usesGpu, gpus: [...gpus] };
}

function run(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal | undefined) {
  return new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
    const options = { env, timeout: 1000 * SECONDS, maxBuffer: 2 ** 24, ...(signal && { signal }) };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (!error) resolve({ stdout, stderr });
      else reject(signal?.aborted ? signal.reason : new SmokeFault(explain(error, stderr)));
    });
  });
}

function explain(error: { signal?: NodeJS.Signals | undefined; killed?: boolean | undefined }, stderr: string): string {
  if (error.killed) return `it did not answer within ${SECONDS} s`;
  if (error.signal === "SIGILL") return "this processor lacks instructions that it was built for (AVX)";
  const line = stderr.split("\n").find((text) => /^\w*Error: /.test(text)) ?? stderr.trim().split("\n").at(-1);
  return error.signal ? `it was ended by ${error.signal}: ${line}` : `${line}`;
}

type TestedBinding = Pick<Binding, "TF_Version" | "isUsingGpuDevice" | "createTensor" | "executeOp" | "tensorDataSync">;

/** Runs in the process, and may therefore use nothing from around it but its arguments and globals. */
function multiply(require: NodeJS.Require, path: string): void {
  const binding: TestedBinding = require(path);
  const [FLOAT, UINT8, HALF] = [1, 4, 19]; // of TF_DataType
  const [BOOL, TYPE] = [3, 4]; // of TF_AttrType
  const type = (name: string, value: number) => ({ name, type: TYPE, value });
  const flag = (name: string) => ({ name, type: BOOL, value: false });
  const half = [0xc000, 0xbc00, 0x0000, 0x3c00, 0x4000]; // -2, -1, 0, 1, 2
  const matrix = (rows: number, columns: number, step: number) => {
    const numbers = Array.from({ length: rows * columns }, (_, i) => (step * i + (i >> 3)) % 5);
    const bytes = new Uint8Array(Uint16Array.from(numbers, (n) => half[n]).buffer);
    const id = binding.createTensor([rows, columns, 2], UINT8, bytes);
    const [{ id: handle }] = binding.executeOp("Bitcast", [type("T", UINT8), type("type", HALF)], [id], 1);
    return { handle, at: (row: number, column: number) => numbers[row * columns + column] - 2 };
  };
  const [m, k, n] = [48, 96, 32];
  const [a, b] = [matrix(m, k, 3), matrix(k, n, 7)];
  const attributes = [flag("transpose_a"), flag("transpose_b"), type("T", HALF)];
  const [product] = binding.executeOp("MatMul", attributes, [a.handle, b.handle], 1);
  const cast = [type("SrcT", HALF), type("DstT", FLOAT), flag("Truncate")];
  const [result] = binding.executeOp("Cast", cast, [product.id], 1);
  const expected = Array.from({ length: m * n }, (_, i) => {
    const terms = Array.from({ length: k }, (_, j) => a.at(Math.floor(i / n), j) * b.at(j, i % n));
    return terms.reduce((sum, term) => sum + term, 0); // below 2048: float16 has it exactly
  });
  const answer: Answer = {
    version: binding.TF_Version,
    usesGpu: binding.isUsingGpuDevice(),
    product: Array.from(binding.tensorDataSync(result.id) as Float32Array),
    expected,
  };
  process.stdout.write(JSON.stringify(answer));
}
