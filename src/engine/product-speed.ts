import { f16ToF32, f32ToF16 } from "../formats/half.ts";
import { roundTurned } from "../formats/rounded-rows.ts";
import { makeGraph } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { cast, INT8_REST_PARTS, INT8_WEIGHT_LIMIT, input, matmul, sum, widenInt8 } from "../graph/ops/index.ts";
import { random } from "../util/random.ts";
import { tensor } from "../util/tensor.ts";
import type { Engine, Tensors, Weights, WholeWeights } from "./engine.ts";
import { withProducts } from "./products.ts";

/** Speed of a square matrix product by the type of its weight, in operations a second / 10⁹; null where it cannot be had or is wrong. */
export interface ProductSpeed {
  readonly gflops_fp32: number;
  /** With fp16 weights, multiplied in half. */
  readonly gflops_fp16: number | null;
  /** With weights in whole numbers, multiplied in whole numbers. */
  readonly gflops_int8: number | null;
  /** With two whole numbers for each number of a weight: three products make one. */
  readonly gflops_int8x2: number | null;
}

/** What is timed is checked as well: kernels for large products are others than those that the ops' samples reach. */
export const LARGE_PRODUCT = { op: "matmul", sample: "a large product", tolerance: 1e-2 } as const;

/** Rows, columns and inner size of the product that is timed; larger where the device is too fast to tell. */
const SIZES = [256, 1024, 4096];
const LONG_ENOUGH = 0.05; // seconds
/** Of each the quickest counts: other work on the machine only slows it down. */
const RUNS = 3;
/** x is rounded to 11 bits when it is multiplied in half: by a relative 1e-4 and more, also in sums of many. */
const HALF_ROUNDING = 2e-5;

/** The speed of each type of weight, of whole numbers where the engine multiplies them. @throws Error when the product in float32 is wrong */
export async function measureProducts(engine: Engine): Promise<ProductSpeed> {
  const gflops_fp32 = await productSpeed(engine, "fp32");
  const gflops_fp16 = await productSpeed(withProducts(engine, "fp16"), "fp16").catch(() => null);
  const whole = async (weights: WholeWeights) =>
    engine.prefers === "int8" ? await productSpeed(withProducts(engine, "int8"), weights) : null;
  return { gflops_fp32, gflops_fp16, gflops_int8: await whole("int8"), gflops_int8x2: await whole("int8x2") };
}

/** A weight [n,n]: what a graph reads of it, and the numbers that it stands for. */
interface TimedWeight {
  readonly node: Node;
  readonly weights: Tensors;
  readonly numbers: Float32Array;
}

function timedWeight(as: Weights, w: Float32Array, n: number): TimedWeight {
  const shape = [n, n] as const;
  if (as === "fp32") return { node: input("w", "f32", shape), weights: { w: tensor("f32", shape, w) }, numbers: w };
  if (as === "fp16") {
    const halves = f32ToF16(w);
    const node = cast(input("w", "f16", shape), "f32");
    return { node, weights: { w: tensor("f16", shape, halves) }, numbers: f16ToF32(halves) };
  }
  const parts = as === "int8x2" ? INT8_REST_PARTS : undefined;
  const { rounded, scales, rest } = roundTurned(tensor("f32", shape, w), INT8_WEIGHT_LIMIT, parts);
  const inputs = [input("q", "i8", shape), input("s", "f32", [n])] as const;
  return {
    node: widenInt8(...inputs, rest && input("rest", "i8", shape)),
    weights: { q: rounded, s: scales, ...(rest && { rest }) },
    numbers: w.map((_, i) => {
      const [row, column] = [Math.floor(i / n), i % n];
      const at = column * n + row;
      return scales.data[row]! * (rounded.data[at]! + (rest ? rest.data[at]! / INT8_REST_PARTS : 0));
    }),
  };
}

/**
 * Operations a second / 10⁹ of a product with a weight that is kept so.
 * @throws Error when the product cannot be taken, or is wrong
 */
export async function productSpeed(engine: Engine, as: Weights): Promise<number> {
  let gflops = 0;
  for (const n of SIZES) {
    const seconds = await timeProduct(engine, as, n);
    gflops = (2 * n ** 3) / seconds / 1e9;
    if (seconds > LONG_ENOUGH) break;
  }
  return gflops;
}

async function timeProduct(engine: Engine, as: Weights, n: number): Promise<number> {
  const generator = random(0, "survey");
  const numbers = () => Float32Array.from({ length: n * n }, () => generator.uniform() - 0.5);
  const [x, w] = [numbers(), numbers()];
  const { node, weights, numbers: multiplied } = timedWeight(as, w, n);
  const feeds = { x: tensor("f32", [n, n], x) };
  const product = matmul(input("x", "f32", [n, n]), node);
  const program = await engine.compile(makeGraph({ row: sum(product, [0]), all: sum(product, [0, 1]) }), weights);
  try {
    const { row } = await program.run(feeds); // the first run may compile kernels
    const error = productError(row.data as Float32Array, x, multiplied);
    if (!(error < LARGE_PRODUCT.tolerance))
      throw new Error(`a product of ${n} x ${n} is off by ${error.toExponential(1)}`);
    if (as === "fp16" && error < HALF_ROUNDING) throw new Error("halves are widened for their products");
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
