import type { Engine } from "./engine.ts";

export interface EngineConfig {
  readonly name: "ort" | "reference";
  readonly providers: readonly string[];
  readonly threads: number | null;
}

/** The engine of a configuration. Its native package is loaded here and not before. */
export async function createEngine({ name, providers, threads }: EngineConfig): Promise<Engine> {
  if (name === "reference") return (await import("./reference/reference.ts")).referenceEngine;
  return (await import("./ort/ort.ts")).ortEngine({ providers, threads });
}
