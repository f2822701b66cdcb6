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

/** Wraps them where they are: the CPU reads them there, and what onnxruntime-node cannot keep elsewhere is copied at each run. */
export const inHostMemory: BindWeights = async (weights, wrap) => mapValues(weights, wrap);

/**
 * Copies each weight to the WebGPU device when it is first bound. All sessions read that copy, which lives as long as the
 * weight does.
 */
export function onWebgpuDevice(providers: readonly string[]): BindWeights {
  const copies = new WeakMap<Tensor, Promise<ort.Tensor>>();
  return async (weights, wrap) => {
    const bound: Record<string, ort.Tensor> = {};
    for (const [name, weight] of Object.entries(weights)) {
      const copy = copies.get(weight) ?? copyToDevice(weight, wrap, providers);
      copies.set(weight, copy);
      bound[name] = await copy;
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
  const uploader = uploaders.get(key) ?? createSession(graph, providers, { preferredOutputLocation: "gpu-buffer" });
  uploaders.set(key, uploader);
  return (await (await uploader).run({ x: weight })).y!;
}
