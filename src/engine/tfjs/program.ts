import type { Graph } from "../../graph/graph.ts";
import type { Node } from "../../graph/node.ts";
import { constantOp, type InputAttrs, inputOp } from "../../graph/ops/source.ts";
import { bytesOf, formatBytes } from "../../graph/print.ts";
import { AmlcError } from "../../util/errors.ts";
import { allocate, sizeOf, type Tensor } from "../../util/tensor.ts";
import { checkFeeds, type Program, type Tensors } from "../engine.ts";
import { type Lifetimes, planLifetimes } from "../lifetimes.ts";
import type { Backend } from "./backend.ts";

/** Weights and constants on the device. Programs that bind the same array share one copy; it goes with the last of them. */
export interface DeviceWeights<X> {
  take(weight: Tensor): X;
  giveBack(weight: Tensor): void;
}

export function deviceWeights<X>(backend: Backend<X>): DeviceWeights<X> {
  const held = new Map<Tensor["data"], { readonly x: X; users: number }>();
  return {
    take(weight) {
      const entry = held.get(weight.data) ?? { x: backend.upload(weight), users: 0 };
      entry.users++;
      held.set(weight.data, entry);
      return entry.x;
    },
    giveBack({ data }) {
      const entry = held.get(data)!;
      if (--entry.users > 0) return;
      backend.free(entry.x);
      held.delete(data);
    },
  };
}

/** How long a run may keep the event loop waiting, in ms: images are decoded and signals seen in between. */
const SLICE = 50;

/** Executes a graph node by node, each by its op's kernel; a value is freed when its last reader is done. */
export function compileProgram<X>(
  backend: Backend<X>,
  weights: DeviceWeights<X>,
  graph: Graph,
  bound: Tensors,
): Program {
  const held = heldTensors(graph, bound);
  const onDevice = new Map([...held].map(([node, tensor]) => [node, weights.take(tensor)]));
  const lifetimes = planLifetimes(graph);
  return {
    graph,
    async run(feeds, into = {}) {
      checkFeeds(graph, bound, feeds);
      const values = new Map<Node, X>();
      const own = new Set<Node>();
      const keep = (node: Node, x: X) => {
        values.set(node, x);
        own.add(node);
      };
      const free = (node: Node) => {
        if (own.delete(node)) backend.free(values.get(node)!);
        values.delete(node);
      };
      let until = performance.now() + SLICE;
      try {
        for (const [i, node] of graph.nodes.entries()) {
          const kept = onDevice.get(node);
          if (kept !== undefined) values.set(node, kept);
          else if (node.op === inputOp) keep(node, backend.upload(feeds[(node.attrs as InputAttrs).name]));
          else keep(node, execute(backend, node, values, lifetimes, graph));
          for (const done of lifetimes.lastReads[i]) free(done);
          if (performance.now() < until) continue;
          await new Promise(setImmediate);
          until = performance.now() + SLICE;
        }
        return Object.fromEntries(
          [...graph.outputs].map(([name, node]) => {
            const { dtype, shape } = node.type;
            const result = into[name] ?? { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
            backend.download(values.get(node)!, result);
            return [name, result];
          }),
        );
      } finally {
        for (const node of [...own]) free(node);
      }
    },
    async release() {
      for (const tensor of held.values()) weights.giveBack(tensor);
    },
  };
}

/** What a program keeps on the device: weights and constants, by their node. */
function heldTensors({ nodes }: Graph, bound: Tensors): Map<Node, Tensor> {
  const held = new Map<Node, Tensor>();
  for (const node of nodes) {
    const tensor =
      node.op === constantOp ? (node.attrs as Tensor) : bound[(node.attrs as InputAttrs | null)?.name ?? ""];
    if (tensor !== undefined && node.inputs.length === 0) held.set(node, tensor);
  }
  return held;
}

function execute<X>(
  { kernels, scope }: Backend<X>,
  node: Node,
  values: ReadonlyMap<Node, X>,
  lifetimes: Lifetimes,
  graph: Graph,
): X {
  const inputs = node.inputs.map((input) => values.get(input)!);
  const types = node.inputs.map((input) => input.type);
  try {
    return scope(() => node.op.tfjs(kernels, inputs, node.attrs, types));
  } catch (cause) {
    const message = (cause as Error).message;
    if (!/OOM|out of memory|RESOURCE_EXHAUSTED|failed to allocate/i.test(message)) throw cause;
    const fixed = [...graph.inputs.values()].reduce((bytes, type) => bytes + bytesOf(type), 0);
    throw new AmlcError(
      `the device is out of memory at ${node.op.name} [${node.type.shape}]: weights and feeds take ${formatBytes(fixed)}, values on the way at most ${formatBytes(lifetimes.peakBytes)}`,
      { hint: "lower train.batch (raise train.accumulate instead), or set engine.weights to fp16", cause },
    );
  }
}
