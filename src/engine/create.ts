import { makeGraph } from "../graph/graph.ts";
import { input, scale } from "../graph/ops/index.ts";
import type { Engine } from "./engine.ts";

export interface EngineConfig {
  readonly name: "ort" | "reference";
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
  return engine;
}

async function loadEngine({ name, providers, threads }: EngineConfig): Promise<Engine> {
  if (name === "reference") return (await import("./reference/reference.ts")).referenceEngine;
  return (await import("./ort/ort.ts")).ortEngine({ providers, threads });
}
