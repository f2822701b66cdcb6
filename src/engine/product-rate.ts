import { makeGraph } from "../graph/graph.ts";
import { cast, input, matmul, sum } from "../graph/ops/index.ts";
import { allocate, tensor } from "../util/tensor.ts";
import type { Engine } from "./engine.ts";

/** Rows, inner size and columns: the widest product of PaliGemma-3B's language model, for one photograph of 448 pixels. */
const PRODUCT = [1050, 2048, 16_384] as const;
/** Seconds after which no other run is timed. */
const LONG_ENOUGH = 1;

/** Operations a second of one large product with weights of a type, the best of some runs; about a second on two cores. */
export async function productRate(engine: Engine, dtype: "f32" | "f16"): Promise<{ flops: number; what: string }> {
  const [m, k, n] = PRODUCT;
  const product = matmul(input("x", "f32", [m, k]), cast(input("w", dtype, [n, k]), "f32"), { transB: true });
  const weights = { w: tensor(dtype, [n, k], allocate(dtype, n * k)) };
  const x = tensor("f32", [m, k], allocate("f32", m * k));
  const program = await engine.compile(makeGraph({ y: sum(product, [0, 1]) }), weights);
  try {
    let [best, spent] = [Number.POSITIVE_INFINITY, 0];
    while (spent < LONG_ENOUGH) {
      const start = performance.now();
      await program.run({ x });
      const seconds = (performance.now() - start) / 1000;
      best = Math.min(best, seconds);
      spent += seconds;
    }
    return { flops: (2 * m * k * n) / best, what: `[${m},${k}] · [${k},${n}]` };
  } finally {
    await program.release();
  }
}
