import { makeGraph } from "../graph/graph.ts";
import { input, scale } from "../graph/ops/index.ts";
import { type Engine, isWhole, type Products, type Weights } from "./engine.ts";
import { withProducts } from "./products.ts";

export interface EngineConfig {
  readonly name: "ort" | "tfjs" | "reference";
  /** Of tfjs. */
  readonly backend: "auto" | "tensorflow" | "wasm" | "cpu";
  /** In which type products with frozen weights are taken. */
  readonly products: "auto" | Products;
  readonly providers: readonly string[];
  readonly threads: number | null;
}

/**
 * Whether a configuration computes on a device beside the processor, which has room for one process; known without starting the
 * engine. A TensorFlow made for CUDA counts, though its GPU may be missing.
 */
export async function isOnDevice({
  name,
  backend,
  providers,
}: Pick<EngineConfig, "name" | "backend" | "providers">): Promise<boolean> {
  if (name === "ort") return providers.some((provider) => provider !== "cpu");
  if (name !== "tfjs" || (backend !== "auto" && backend !== "tensorflow")) return false;
  const { findTensorflow } = await import("./tfjs/tensorflow-home.ts");
  return findTensorflow()?.gpu === true;
}

/** Settings that say something and have no effect beside the others, as lines for the user. */
export function idleSettings({
  name,
  backend,
  products,
  providers,
  weights,
}: EngineConfig & { readonly weights: Weights }): string[] {
  const notes: string[] = [];
  if (name !== "tfjs" && backend !== "auto")
    notes.push(`engine.backend: ${backend} is of tfjs, and engine.name is ${name}`);
  if (name !== "ort" && providers.join() !== "cpu")
    notes.push(`engine.providers: [${providers}] are of ort, and engine.name is ${name}`);
  if (products === "fp16" && weights === "fp32")
    notes.push("engine.products: fp16 is for fp16 weights, and engine.weights is fp32");
  if (products === "int8" && !isWhole(weights))
    notes.push(`engine.products: int8 is for int8 and int8x2 weights, and engine.weights is ${weights}`);
  return notes;
}

/**
 * The engine of a configuration; its native package is loaded here and not before.
 * @throws InputError when it cannot run here, before anything is prepared for it
 */
export async function createEngine(config: EngineConfig): Promise<Engine> {
  const engine = await loadEngine(config);
  const probe = await engine.compile(makeGraph({ y: scale(input("x", "f32", [1]), 2) }));
  await probe.release();
  return withProducts(engine, config.products === "auto" ? (engine.prefers ?? "fp32") : config.products);
}

async function loadEngine({ name, backend, providers, threads }: EngineConfig): Promise<Engine> {
  if (name === "reference") return (await import("./reference/reference.ts")).referenceEngine;
  if (name === "tfjs") return (await import("./tfjs/tfjs.ts")).tfjsEngine({ backend, threads });
  const [{ ortEngine }, { isFastAtHalf }] = await Promise.all([
    import("./ort/ort.ts"),
    import("./ort/half-precision.ts"),
  ]);
  const engine = ortEngine({ providers, threads });
  if (engine.readsInPlace) return { ...engine, prefers: "int8" };
  return (await isFastAtHalf(providers)) ? { ...engine, prefers: "fp16" } : engine;
}
