import { makeGraph } from "../graph/graph.ts";
import { input, scale } from "../graph/ops/index.ts";
import type { Engine } from "./engine.ts";
import { withHalfProducts } from "./half-products.ts";

export interface EngineConfig {
  readonly name: "ort" | "tfjs" | "reference";
  /** Of tfjs. */
  readonly backend: "auto" | "tensorflow" | "wasm" | "cpu";
  /** In which type fp16 weights are multiplied. */
  readonly products: "auto" | "fp32" | "fp16";
  readonly providers: readonly string[];
  readonly threads: number | null;
}

/**
 * The engine of a configuration; its native package is loaded here and not before.
 * @throws InputError when it cannot run here, before anything is prepared for it
 */
export async function createEngine(config: EngineConfig): Promise<Engine> {
  const engine = await loadEngine(config);
  const probe = await engine.compile(makeGraph({ y: scale(input("x", "f32", [1]), 2) }));
  await probe.release();
  return wantsHalf(config, engine) ? withHalfProducts(engine) : engine;
}

function wantsHalf({ products }: EngineConfig, { prefersHalf = false }: Engine): boolean {
  return products === "auto" ? prefersHalf : products === "fp16";
}

async function loadEngine({ name, backend, providers, threads }: EngineConfig): Promise<Engine> {
  if (name === "reference") return (await import("./reference/reference.ts")).referenceEngine;
  if (name === "tfjs") return (await import("./tfjs/tfjs.ts")).tfjsEngine({ backend, threads });
  const [{ ortEngine }, { isFastAtHalf }] = await Promise.all([
    import("./ort/ort.ts"),
    import("./ort/half-precision.ts"),
  ]);
  return { ...ortEngine({ providers, threads }), prefersHalf: await isFastAtHalf(providers) };
}
