import { makeGraph } from "../graph/graph.ts";
import type { Op, Sample } from "../graph/node.ts";
import { allOps } from "../graph/ops/index.ts";
import { applyToInputs, drawInputs, toFeeds } from "../graph/samples.ts";
import type { Engine } from "./engine.ts";
import { runOnce } from "./programs.ts";
import { referenceEngine } from "./reference/reference.ts";

/** How an engine does on one sample of an op. */
export interface OpCheck {
  readonly op: string;
  readonly sample: string;
  /** Largest distance from the float64 definition, relative to the largest value; null when the engine failed. */
  readonly error: number | null;
  readonly tolerance: number;
  /** Why it failed. */
  readonly failure: string | null;
  readonly passed: boolean;
}

/** Ops without samples are sources and markers: they compute nothing that could be wrong. */
export const sampledOps: readonly Op<unknown>[] = allOps.filter(({ samples }) => samples.length > 0);

/** Runs every sample of every op on an engine, beside the float64 definition. */
export async function* checkOps(engine: Engine): AsyncGenerator<OpCheck> {
  for (const op of sampledOps) for (const sample of op.samples) yield checkOp(engine, op, sample);
}

/** Runs one sample of an op. A float32 engine may be as far from the definition as the op's record says. */
export async function checkOp(engine: Engine, op: Op<unknown>, sample: Sample<unknown>): Promise<OpCheck> {
  const about = { op: op.name, sample: sample.label, tolerance: op.tolerance.relative };
  try {
    const error = await distance(engine, op, sample);
    return { ...about, error, failure: null, passed: error <= op.tolerance.relative };
  } catch (cause) {
    return { ...about, error: null, failure: (cause as Error).message, passed: false };
  }
}

async function distance(engine: Engine, op: Op<unknown>, sample: Sample<unknown>): Promise<number> {
  const drawn = drawInputs(sample);
  const graph = makeGraph({ y: applyToInputs(op, sample, drawn).y });
  const [actual, expected] = await Promise.all(
    [engine, referenceEngine].map(async (each) => (await runOnce(each, graph, {}, toFeeds(drawn))).y),
  );
  if (`${actual.shape}` !== `${expected.shape}`) throw new Error(`shape is [${actual.shape}], not [${expected.shape}]`);
  const wanted = Array.from(expected.data as Float32Array, Number);
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  return Array.from(actual.data as Float32Array, Number).reduce(
    (worst, value, i) => Math.max(worst, Number.isNaN(value) ? Infinity : Math.abs(value - wanted[i]) / largest),
    0,
  );
}
