import { AmlcError } from "../util/errors.ts";
import { checkOps, type OpCheck } from "./check-ops.ts";
import { createEngine, type EngineConfig } from "./create.ts";
import type { Engine } from "./engine.ts";
import { LARGE_PRODUCT, measureProducts, type ProductSpeed } from "./product-speed.ts";

/** An engine that may or may not run here. */
export interface Candidate {
  /** As `ort cpu`. */
  readonly name: string;
  /** What to set in a configuration to have it. */
  readonly settings: Partial<EngineConfig>;
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
