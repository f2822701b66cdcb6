import { type Graph, rewrite } from "../graph/graph.ts";
import { apply, type Node } from "../graph/node.ts";
import { cast } from "../graph/ops/index.ts";
import { matmulOp } from "../graph/ops/matmul.ts";
import { isWidenedWeight } from "./widen-at-use.ts";

/**
 * Turns each product with a frozen fp16 weight W, forward and backward, into one in half:
 * x · f32(W) becomes f32(f16(x) · W). W is not expanded then, and a GPU multiplies halves on its tensor cores, which add up
 * in float32. All else stays float32: the adapter's products, norms, softmax, the residual stream and the loss.
 * The inputs of the graph stay as they are, and a graph that went through once comes back the same.
 */
export function halveProducts(graph: Graph): Graph {
  return rewrite(graph, (node) => (node.op === matmulOp && node.inputs.some(isWidenedWeight) ? halve(node) : node));
}

function halve({ op, inputs, attrs }: Node): Node {
  const halves = inputs.map((x) => (isWidenedWeight(x) ? x.inputs[0]! : cast(x, "f16")));
  return cast(apply(op, halves, attrs), "f32");
}
