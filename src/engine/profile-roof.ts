import { makeGraph } from "../graph/graph.ts";
import { input, matmul, sum } from "../graph/ops/index.ts";
import { monotonicSeconds } from "../util/clock.ts";
import { allocate, type Tensor, tensor } from "../util/tensor.ts";
import type { Engine } from "./engine.ts";

/** The most that an engine does of the work that nearly all of a model is. */
export interface Roof {
  /** Floating point operations a second of a large product in float32. */
  readonly flops_per_s: number;
  /** The product, such as `[1050,2048] × [2048,16384]`. */
  readonly product: string;
}

interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Gemma's gate for an image of 448 px with its text, and what an engine of a millionth of its speed can do too. */
const LARGE: Product = { m: 1050, k: 2048, n: 16384 };
const SMALL: Product = { m: 128, k: 256, n: 256 };

/** Seconds to measure for, and more than which no one should have to wait for one product. */
const LONG_ENOUGH = 1;
const TOO_LONG = 10;

/** Measures an engine's roof, in about a second; its weights are ready, as a model's are. */
export async function measureRoof(engine: Engine): Promise<Roof> {
  const small = await fastest(engine, SMALL, 0.01);
  const expected = (small * operations(LARGE)) / operations(SMALL);
  const [product, seconds] = expected > TOO_LONG ? [SMALL, small] : [LARGE, await fastest(engine, LARGE, LONG_ENOUGH)];
  const { m, k, n } = product;
  return { flops_per_s: operations(product) / seconds, product: `[${m},${k}] × [${k},${n}]` };
}

const operations = ({ m, k, n }: Product) => 2 * m * k * n;

/** Seconds of the fastest run; of the product alone where the engine can tell. */
async function fastest(engine: Engine, { m, k, n }: Product, longEnough: number): Promise<number> {
  const [x, w] = [filled([m, k]), filled([k, n])];
  const graph = makeGraph({ y: sum(matmul(input("x", "f32", [m, k]), input("w", "f32", [k, n])), [0]) });
  const program = await engine.compile(graph, { w }, { traced: true });
  const times: number[] = [];
  const began = monotonicSeconds();
  try {
    while (times.length < LEAST_RUNS || monotonicSeconds() - began < longEnough) {
      const start = monotonicSeconds();
      await program.run({ x });
      times.push(monotonicSeconds() - start);
    }
    const runs = program.endTrace?.() ?? [];
    const products = runs.flatMap(({ operators }) => operators.filter(({ flops }) => flops > 0));
    return Math.min(...(products.length > 0 ? products.map(({ seconds }) => seconds) : times));
  } finally {
    await program.release();
  }
}

const LEAST_RUNS = 2;

/** Small numbers of both signs. */
function filled(shape: readonly [number, number]): Tensor {
  const data = allocate("f32", shape[0] * shape[1]);
  for (let i = 0; i < data.length; i++) data[i] = (i % 7) - 3;
  return tensor("f32", [...shape], data);
}
