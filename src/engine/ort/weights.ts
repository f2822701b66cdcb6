import type * as ort from "onnxruntime-node";
import { makeGraph } from "../../graph/graph.ts";
import { input, stopGradient } from "../../graph/ops/index.ts";
import type { Tensor } from "../../util/tensor.ts";
import type { Tensors } from "../engine.ts";
import { createSession } from "./session.ts";
import { fromOrt, mapValues } from "./tensors.ts";

/** Makes weights ready to be read by any session; `wrap` gives one the type that the session wants. */
export type BindWeights = (
  weights: Tensors,
  wrap: (weight: Tensor) => ort.Tensor,
) => Promise<Record<string, ort.Tensor>>;

/** Wraps them where they are: the CPU reads them there. */
export const inHostMemory: BindWeights = async (weights, wrap) => mapValues(weights, wrap);

/** Feeds none: they are part of the session (device-sessions.ts). */
export const inSession: BindWeights = async () => ({});

/**
 * Copies each weight to the WebGPU device when it is first bound. All sessions read that copy, which lives as long as the
 * weight does.
 */
export function onWebgpuDevice(providers: readonly string[]): BindWeights {
  const copies: Kept<Tensor, ort.Tensor> = new WeakMap();
  return async (weights, wrap) => {
    const bound: Record<string, ort.Tensor> = {};
    for (const [name, weight] of Object.entries(weights)) {
      bound[name] = await keepUnlessFailed(copies, weight, () => copyToDevice(weight, wrap, providers));
    }
    return bound;
  };
}

async function copyToDevice(
  weight: Tensor,
  wrap: (weight: Tensor) => ort.Tensor,
  providers: readonly string[],
): Promise<ort.Tensor> {
  const copy = await upload(wrap(weight), providers);
  freed.register(weight, copy);
  return copy;
}

/** onnxruntime-node does not free a device's memory when its tensor is collected, only when it is told to. */
const freed = new FinalizationRegistry<ort.Tensor>((tensor) => tensor.dispose());

/** Sessions that hand back what they are fed; never released, since a buffer must not outlive the last session of its device. */
const uploaders = new Map<string, Promise<ort.InferenceSession>>();

async function upload(weight: ort.Tensor, providers: readonly string[]): Promise<ort.Tensor> {
  const { dtype, shape } = fromOrt(weight);
  const key = `${providers} ${dtype}[${shape}]`;
  const graph = makeGraph({ y: stopGradient(input("x", dtype, shape)) });
  const uploader = await keepUnlessFailed(uploaders, key, () =>
    createSession(graph, providers, { preferredOutputLocation: "gpu-buffer" }),
  );
  return (await uploader.run({ x: weight })).y!;
}

interface Kept<K, V> {
  get(key: K): Promise<V> | undefined;
  set(key: K, value: Promise<V>): unknown;
  delete(key: K): boolean;
}

/** What is made once for a key; a failure is forgotten, so that the next may have more luck. */
async function keepUnlessFailed<K, V>(kept: Kept<K, V>, key: K, make: () => Promise<V>): Promise<V> {
  const value = kept.get(key) ?? make();
  kept.set(key, value);
  try {
    return await value;
  } catch (error) {
    kept.delete(key);
    throw error;
  }
}
