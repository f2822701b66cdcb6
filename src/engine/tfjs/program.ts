import { byteSize } from "../../graph/cost.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Node } from "../../graph/node.ts";
import { constantOp, inputName, inputOp } from "../../graph/ops/source.ts";
import { formatBytes } from "../../graph/print.ts";
import { AmlcError } from "../../util/errors.ts";
import { allocate, sizeOf, type Tensor } from "../../util/tensor.ts";
import { checkFeeds, type Program, type Tensors } from "../engine.ts";
import { planLifetimes } from "../lifetimes.ts";
import { isOutOfMemory, OUT_OF_MEMORY_HINT } from "../out-of-memory.ts";
import { widenAtUse } from "../widen-at-use.ts";
import type { Backend } from "./backend.ts";
import type { DeviceWeights } from "./device-weights.ts";

export type OnKernel = (op: string, milliseconds: number, node: Node) => void;

/** Where programs run. */
export interface Place<X> {
  readonly backend: Backend<X>;
  readonly weights: DeviceWeights<X>;
  readonly onKernel: OnKernel | undefined;
}

/** How long a run may keep the event loop waiting, in ms: images are decoded and signals seen in between. */
const SLICE = 50;

/** Executes a graph node by node, each by its op's kernel; a value is freed when its last reader is done. */
export function compileProgram<X>({ backend, weights, onKernel }: Place<X>, asked: Graph, bound: Tensors): Program {
  const graph = widenAtUse(asked);
  const { lastReads, peakBytes } = planLifetimes(graph);
  /** Does the work of a node; when the device has no room for it, the error says what the program takes. */
  const workOf = (node: Node, work: () => X): X => {
    try {
      return work();
    } catch (cause) {
      throw isOutOfMemory(cause) ? outOfMemory(node, graph, peakBytes, cause) : cause;
    }
  };

  const held = heldTensors(graph, bound);
  const onDevice = new Map<Node, X>();
  const giveBack = () => {
    for (const node of onDevice.keys()) weights.giveBack(held.get(node)!);
    onDevice.clear();
  };
  try {
    for (const [node, tensor] of held)
      onDevice.set(
        node,
        workOf(node, () => weights.take(tensor)),
      );
  } catch (error) {
    giveBack();
    throw error;
  }

  const execute = (node: Node, inputs: readonly X[]): X => {
    const types = node.inputs.map(({ type }) => type);
    const start = performance.now();
    try {
      return backend.scope(() => node.op.tfjs(backend.kernels, inputs, node.attrs, types));
    } finally {
      onKernel?.(node.op.name, performance.now() - start, node);
    }
  };

  return {
    graph: asked,
    async run(feeds, into = {}) {
      checkFeeds(graph, bound, feeds, into);
      const values = new Map<Node, X>();
      const free = (node: Node) => {
        const x = values.get(node);
        if (x !== undefined) backend.free(x);
        values.delete(node);
      };
      const lookUp = (node: Node) => onDevice.get(node) ?? values.get(node)!;
      let until = performance.now() + SLICE;
      try {
        for (const [i, node] of graph.nodes.entries()) {
          if (!onDevice.has(node)) {
            const compute = () =>
              node.op === inputOp ? backend.upload(feeds[inputName(node)]) : execute(node, node.inputs.map(lookUp));
            values.set(node, workOf(node, compute));
          }
          for (const done of lastReads[i]) free(done);
          if (performance.now() < until) continue;
          await new Promise(setImmediate);
          until = performance.now() + SLICE;
        }
        return Object.fromEntries(
          [...graph.outputs].map(([name, node]) => {
            const { dtype, shape } = node.type;
            const result = into[name] ?? { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
            backend.download(lookUp(node), result);
            return [name, result];
          }),
        );
      } finally {
        for (const node of [...values.keys()]) free(node);
      }
    },
    async release() {
      giveBack();
    },
  };
}

/** What a program keeps on the device, weights and constants, by their node. */
function heldTensors({ nodes }: Graph, bound: Tensors): Map<Node, Tensor> {
  const held = new Map<Node, Tensor>();
  for (const node of nodes) {
    const tensor =
      node.op === constantOp ? (node.attrs as Tensor) : node.op === inputOp ? bound[inputName(node)] : undefined;
    if (tensor !== undefined) held.set(node, tensor);
  }
  return held;
}

function outOfMemory({ op, type }: Node, { inputs }: Graph, peakBytes: number, cause: unknown): AmlcError {
  const given = [...inputs.values()].reduce((bytes, input) => bytes + byteSize(input), 0);
  return new AmlcError(
    `the device is out of memory at ${op.name} [${type.shape}]: weights and feeds of this program take ${formatBytes(given)}, what it computes up to ${formatBytes(peakBytes)} at once`,
    { hint: OUT_OF_MEMORY_HINT, cause },
  );
}
