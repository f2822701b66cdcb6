import { f16ToF32, f32ToF16 } from "../formats/half.ts";
import { roundRows } from "../formats/rounded-rows.ts";
import { makeGraph } from "../graph/graph.ts";
import { cast, INT8_WEIGHT_LIMIT, input, matmul, sum, widenInt8 } from "../graph/ops/index.ts";
import { AmlcError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { tensor } from "../util/tensor.ts";
import { checkOps, type OpCheck } from "./check-ops.ts";
import { createEngine, type EngineConfig } from "./create.ts";
import type { Engine } from "./engine.ts";
import { withProducts } from "./products.ts";

/** An engine that may or may not run here. */
export interface Candidate {
  /** As `ort cpu`. */
  readonly name: string;
  /** What to set in a configuration to have it. */
  readonly settings: Partial<EngineConfig>;
}

type WeightDType = "f32" | "f16" | "i8";

/** Speed of a square matrix product. */
export interface ProductSpeed {
  readonly gflops_fp32: number;
  /** With fp16 weights, multiplied in half; null where it cannot be had or is wrong. */
  readonly gflops_fp16: number | null;
  /** With weights in whole numbers, multiplied in whole numbers; null where that is not done. */
  readonly gflops_int8: number | null;
}

/** What was found of a candidate. */
export interface Survey extends Candidate {
  readonly ready: boolean;
  /** What runs it, with its version. */
  readonly device: string | null;
  readonly speed: ProductSpeed | null;
  /** Every sample of every op, beside the float64 definition; and a large product, when it fails. */
  readonly checks: readonly OpCheck[];
  /** Why it is not ready. */
  readonly problem: string | null;
  readonly remedy: string | null;
}

const DEFAULTS: EngineConfig = { name: "ort", backend: "auto", products: "fp32", providers: ["cpu"], threads: null };

/** Every engine that this platform could have, the default first. */
export async function candidates(): Promise<Candidate[]> {
  const { offeredProviders } = await import("./ort/providers.ts");
  const providers = offeredProviders().toSorted((a, b) => Number(b === "cpu") - Number(a === "cpu"));
  return [
    ...providers.map((name) => ({ name: `ort ${name}`, settings: { name: "ort", providers: [name] } as const })),
    ...(["tensorflow", "wasm", "cpu"] as const).map((backend) => ({
      name: `tfjs ${backend}`,
      settings: { name: "tfjs", backend } as const,
    })),
  ];
}

/** Opens an engine, checks its ops and measures its products. What goes wrong is part of the answer. */
export async function survey(candidate: Candidate): Promise<Survey> {
  const missing = { ...candidate, ready: false, device: null, speed: null, checks: [] };
  try {
    const engine = await createEngine({ ...DEFAULTS, ...candidate.settings });
    const checks: OpCheck[] = [];
    for await (const check of checkOps(engine)) checks.push(check);
    const speed = await measureProducts(engine).catch((error: Error) => {
      checks.push({ ...LARGE_PRODUCT, error: null, failure: error.message, passed: false });
      return null;
    });
    const device = await describeDevice(engine, candidate.settings);
    return { ...candidate, ready: true, device, speed, checks, problem: null, remedy: null };
  } catch (error) {
    const remedy = error instanceof AmlcError ? (error.hint ?? null) : null;
    return { ...missing, problem: (error as Error).message, remedy };
  }
}

async function describeDevice(engine: Engine, { providers = [] }: Partial<EngineConfig>): Promise<string> {
  if ("backend" in engine) {
    const { device, version } = engine.backend as { readonly device: string; readonly version: string };
    return `${device}, ${version}`;
  }
  const { onnxruntimeVersion } = await import("./ort/providers.ts");
  return `${providers[0] === "cpu" ? "CPU" : "device"}, onnxruntime ${onnxruntimeVersion()}`;
}

/** What is timed is checked as well: kernels for large products are others than those that the ops' samples reach. */
const LARGE_PRODUCT = { op: "matmul", sample: "a large product", tolerance: 1e-2 } as const;

/** Rows, columns and inner size of the product that is timed; larger where the device is too fast to tell. */
const SIZES = [256, 1024, 4096];
const LONG_ENOUGH = 0.05; // seconds
/** Of each the quickest counts: other work on the machine only slows it down. */
const RUNS = 3;
/** x is rounded to 11 bits when it is multiplied in half: by a relative 1e-4 and more, also in sums of many. */
const HALF_ROUNDING = 2e-5;

async function measureProducts(engine: Engine): Promise<ProductSpeed> {
  const gflops_fp32 = await productSpeed(engine, "f32");
  const gflops_fp16 = await productSpeed(withProducts(engine, "fp16"), "f16").catch(() => null);
  const isWhole = engine.prefers === "int8";
  return {
    gflops_fp32,
    gflops_fp16,
    gflops_int8: isWhole ? await productSpeed(withProducts(engine, "int8"), "i8") : null,
  };
}

/** A weight [n,n] in a type: what a graph reads of it, and the numbers that it stands for. */
function weightIn(dtype: WeightDType, w: Float32Array, n: number) {
  const shape = [n, n] as const;
  if (dtype === "f32") return { node: input("w", "f32", shape), weights: { w: tensor("f32", shape, w) }, numbers: w };
  if (dtype === "f16") {
    const halves = f32ToF16(w);
    const node = cast(input("w", "f16", shape), "f32");
    return { node, weights: { w: tensor("f16", shape, halves) }, numbers: f16ToF32(halves) };
  }
  const { rounded, scales } = roundRows(tensor("f32", shape, w), INT8_WEIGHT_LIMIT);
  const node = widenInt8(input("q", "i8", shape), input("s", "f32", [n]));
  const numbers = Float32Array.from(rounded.data, (q, i) => q * scales.data[Math.floor(i / n)]);
  return { node, weights: { q: rounded, s: scales }, numbers };
}

/** @throws Error when the product cannot be taken, or is wrong */
async function productSpeed(engine: Engine, dtype: WeightDType): Promise<number> {
  let gflops = 0;
  for (const n of SIZES) {
    const seconds = await timeProduct(engine, dtype, n);
    gflops = (2 * n ** 3) / seconds / 1e9;
    if (seconds > LONG_ENOUGH) break;
  }
  return gflops;
}

async function timeProduct(engine: Engine, dtype: WeightDType, n: number): Promise<number> {
  const generator = random(0, "survey");
  const numbers = () => Float32Array.from({ length: n * n }, () => generator.uniform() - 0.5);
  const [x, w] = [numbers(), numbers()];
  const { node, weights, numbers: multiplied } = weightIn(dtype, w, n);
  const feeds = { x: tensor("f32", [n, n], x) };
  const product = matmul(input("x", "f32", [n, n]), node);
  const program = await engine.compile(makeGraph({ row: sum(product, [0]), all: sum(product, [0, 1]) }), weights);
  try {
    const { row } = await program.run(feeds); // the first run may compile kernels
    const error = productError(row.data as Float32Array, x, multiplied);
    if (!(error < LARGE_PRODUCT.tolerance))
      throw new Error(`a product of ${n} x ${n} is off by ${error.toExponential(1)}`);
    if (dtype === "f16" && error < HALF_ROUNDING) throw new Error("halves are widened for their products");
    let best = Infinity;
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now();
      await program.run(feeds);
      best = Math.min(best, performance.now() - start);
    }
    return best / 1000;
  } finally {
    await program.release();
  }
}

/** How far sums of the columns of x·w are from those of x, times w: by length, relative. */
function productError(sums: Float32Array, x: Float32Array, w: Float32Array): number {
  const n = sums.length;
  const columnSums = new Float64Array(n);
  x.forEach((value, i) => {
    columnSums[i % n] += value;
  });
  const expected = new Float64Array(n);
  w.forEach((value, i) => {
    expected[i % n] += columnSums[Math.floor(i / n)] * value;
  });
  return Math.hypot(...expected.map((value, i) => sums[i] - value)) / Math.hypot(...expected);
}
