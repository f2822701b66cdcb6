import { byteSize } from "../graph/cost.ts";
import type { Graph } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";

/** When the values of a graph, computed in its order, can be freed. */
export interface Lifetimes {
  /** For each node the values that nobody reads after it, itself among them if nobody does. Outputs are never listed. */
  readonly lastReads: readonly (readonly Node[])[];
  /** The most bytes of values that are alive at once: what was computed from inputs and constants, but not these. */
  readonly peakBytes: number;
}

/** Finds each value's last reader. */
export function planLifetimes({ nodes, outputs }: Graph): Lifetimes {
  const kept = new Set(outputs.values());
  const lastRead = new Map<Node, number>();
  nodes.forEach((node, i) => {
    for (const value of [node, ...node.inputs]) lastRead.set(value, i);
  });
  const lastReads: Node[][] = nodes.map(() => []);
  for (const [node, at] of lastRead) if (!kept.has(node)) lastReads[at].push(node);

  const computedBytes = ({ inputs, type }: Node) => (inputs.length === 0 ? 0 : byteSize(type));
  let [bytes, peakBytes] = [0, 0];
  nodes.forEach((node, i) => {
    bytes += computedBytes(node);
    peakBytes = Math.max(peakBytes, bytes);
    for (const value of lastReads[i]) bytes -= computedBytes(value);
  });
  return { lastReads, peakBytes };
}
