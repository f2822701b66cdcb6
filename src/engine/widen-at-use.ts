import type { Graph } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { widenBlocksOp } from "../graph/ops/block-product.ts";
import { castOp } from "../graph/ops/cast.ts";
import { widenInt8Op } from "../graph/ops/int8-product.ts";

/**
 * Gives each reader of a widened weight a float32 copy of its own, made when it is wanted. Shared, the copy that the
 * forward pass makes would wait for the backward pass, and so would those of all layers: the whole model in float32. The
 * nodes of the result are equal but not shared, and their order is that of the graph.
 */
export function widenAtUse(graph: Graph): Graph {
  const replacement = new Map<Node, Node>();
  const nodes: Node[] = [];
  const outputs = new Set(graph.outputs.values());
  for (const node of graph.nodes) {
    if (isWidened(node) && !outputs.has(node)) continue;
    const inputs = node.inputs.map((input) => {
      const known = replacement.get(input);
      if (known !== undefined) return known;
      const copy = { ...input, inputs: input.inputs.map((weight) => replacement.get(weight)!) };
      nodes.push(copy);
      return copy;
    });
    const renewed = { ...node, inputs };
    replacement.set(node, renewed);
    nodes.push(renewed);
  }
  return {
    nodes,
    inputs: graph.inputs,
    outputs: new Map([...graph.outputs].map(([name, node]) => [name, replacement.get(node)!])),
  };
}

/** f32(W) for a fp16 W that is fed; a product in half that is cast back is none, though it looks much the same. */
export function isWidenedWeight({ op, inputs: [weight], type }: Node): boolean {
  return op === castOp && type.dtype === "f32" && weight!.type.dtype === "f16" && weight!.inputs.length === 0;
}

/** The same for a weight that is kept in blocks of few bits. */
export function isWidenedBlocks({ op, inputs }: Node): boolean {
  return op === widenBlocksOp && inputs.every((weight) => weight.inputs.length === 0);
}

/** The same for one that is kept in whole numbers. */
export function isWidenedInt8({ op, inputs }: Node): boolean {
  return op === widenInt8Op && inputs.every((weight) => weight.inputs.length === 0);
}

export const isWidened = (node: Node): boolean => isWidenedWeight(node) || isWidenedBlocks(node) || isWidenedInt8(node);
