import { makeGraph } from "../../graph/graph.ts";
import { cast, input, matmul } from "../../graph/ops/index.ts";
import { InputError } from "../../util/errors.ts";
import { tensor } from "../../util/tensor.ts";
import { runProfiled } from "./placements.ts";

/** What a provider does with a product of halves: it has none, or sums it up in float16, or in float32. */
export type HalfPrecision = "none" | "f16 sums" | "f32 sums";

/**
 * Multiplies halves on the preferred provider and looks at the result. WebGPU devices need not have halves (`shader-f16`).
 * @throws InputError when the providers cannot be used here
 */
export async function measureHalfPrecision(providers: readonly string[]): Promise<HalfPrecision> {
  const [x, ones] = ["x", "ones"].map((name) => cast(input(name, "f32", [1, LENGTH]), "f16"));
  const graph = makeGraph({ y: cast(matmul(x!, ones!, { transB: true }), "f32") });
  const feeds = {
    x: tensor("f32", [1, LENGTH], new Float32Array(LENGTH).fill(1).fill(LARGE, 0, 1)),
    ones: tensor("f32", [1, LENGTH], new Float32Array(LENGTH).fill(1)),
  };
  try {
    const { outputs, placements } = await runProfiled(graph, providers, feeds);
    const elsewhere = placements.some(
      ({ operator, provider }) => /Gemm|MatMul/.test(operator) && provider !== providers[0],
    );
    if (elsewhere) return "none";
    return outputs.y!.data[0] === LARGE + LENGTH - 1 ? "f32 sums" : "f16 sums";
  } catch (error) {
    if (error instanceof InputError) throw error;
    return "none";
  }
}

/** In float16 2048 + 1 is 2048: ones that are added to it one by one vanish. */
const LARGE = 2048;
const LENGTH = 255;

/** Providers whose libraries multiply halves on tensor cores, which sum up in float32; on the CPU halves are widened first. */
const FAST_AT_HALF = ["cuda", "tensorrt", "dml"];

/** Whether products of halves are faster on the preferred provider, and no less exact than halves are. */
export async function isFastAtHalf([preferred = "cpu", ...others]: readonly string[]): Promise<boolean> {
  if (preferred !== "webgpu") return FAST_AT_HALF.includes(preferred);
  return (await measureHalfPrecision([preferred, ...others])) === "f32 sums"; // each device has its own way
}
