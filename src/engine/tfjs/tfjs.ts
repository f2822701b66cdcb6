import type { Graph } from "../../graph/graph.ts";
import { InputError } from "../../util/errors.ts";
import type { Engine } from "../engine.ts";
import type { Backend } from "./backend.ts";
import { deviceWeights } from "./device-weights.ts";
import { tracedProgram } from "./profile.ts";
import { compileProgram, type OnKernel } from "./program.ts";
import { findTensorflow } from "./tensorflow-home.ts";

export interface TfjsOptions {
  /** auto: tensorflow where it is installed, else wasm. */
  readonly backend?: "auto" | "tensorflow" | "wasm" | "cpu";
  /** Of TensorFlow; it is told once a process. null: one a core. */
  readonly threads?: number | null;
  /** Told how long each kernel took, for a profile; a GPU may not be done by then. */
  readonly onKernel?: OnKernel;
}

/** An engine that says what it runs on. */
export interface TfjsEngine extends Engine {
  readonly backend: Pick<Backend<unknown>, "name" | "device" | "version" | "prefersHalf" | "liveTensors">;
}

/**
 * TensorFlow.js: TensorFlow itself through tfjs-node's binding, on an NVIDIA GPU if there is one, or tfjs-core's WebAssembly
 * and plain backends.
 * @throws InputError when the backend that is asked for is not installed
 */
export async function tfjsEngine({
  backend: name = "auto",
  threads = null,
  onKernel,
}: TfjsOptions = {}): Promise<TfjsEngine> {
  const chosen = name === "auto" ? (findTensorflow() ? "tensorflow" : "wasm") : name;
  const backend = await openBackend(chosen, threads);
  const weights = deviceWeights(backend);
  return {
    name: "tfjs",
    backend,
    ...(backend.prefersHalf && { prefers: "fp16" as const }),
    async compile(graph, bound = {}, { traced = false } = {}) {
      const foreign = graph.nodes.find(({ type }) => type.dtype === "i64" || type.dtype === "f64");
      if (foreign) throw new Error(`tfjs has no ${foreign.type.dtype}: ${foreign.op.name} [${foreign.type.shape}]`);
      if (!backend.hasHalf && computesHalves(graph)) {
        throw new InputError(`engine.products: fp16 cannot be had on tfjs' ${backend.name} backend`, {
          hint: "set engine.products to fp32, or run amlc setup tensorflow and set engine.backend to tensorflow",
        });
      }
      const compile = (told: OnKernel | undefined) =>
        compileProgram({ backend, weights, onKernel: told }, graph, bound);
      return traced && backend.device === "CPU" ? tracedProgram(compile, onKernel) : compile(onKernel);
    },
  };
}

/** Whether numbers are rounded to half on the way; rows of an fp16 embedding are only moved. */
const computesHalves = ({ nodes }: Graph) =>
  nodes.some(({ type, inputs }) => type.dtype === "f16" && inputs.some((x) => x.type.dtype === "f32"));

const opened = new Map<string, Promise<Backend<unknown>>>();

/** A backend is the process's: engines share it, and the constants of its kernels. */
function openBackend(name: "tensorflow" | "wasm" | "cpu", threads: number | null): Promise<Backend<unknown>> {
  const backend = opened.get(name) ?? startBackend(name, threads);
  opened.set(name, backend);
  backend.catch(() => opened.delete(name)); // it may be installed by the next time
  return backend;
}

async function startBackend(name: "tensorflow" | "wasm" | "cpu", threads: number | null): Promise<Backend<unknown>> {
  if (name === "tensorflow") {
    const { openTensorflow } = await import("./tensorflow.ts");
    return openTensorflow(threads) as Backend<unknown>;
  }
  const { openCore } = await import("./core.ts");
  return (await openCore(name)) as Backend<unknown>;
}
