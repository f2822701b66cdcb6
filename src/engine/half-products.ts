import { type Graph, rewrite } from "../graph/graph.ts";
import { apply, type Node } from "../graph/node.ts";
import { cast } from "../graph/ops/index.ts";
import { matmulOp } from "../graph/ops/matmul.ts";
import { isWidenedWeight } from "./widen-at-use.ts";

/**
 * Turns the products of a graph that reads fp16 weights into ones in half: x · f32(W) becomes f32(f16(x) · W), where W is not
 * expanded, and x · y becomes f32(f16(x) · f16(y)), as torch.autocast has it. A GPU multiplies halves on its tensor cores, which
 * add up in float32. All else stays float32: norms, softmax, the residual stream, the adapter itself and the loss.
 * The inputs of the graph stay as they are, and a graph that went through once comes back the same.
 */
export function halveProducts(graph: Graph): Graph {
  if (!graph.nodes.some(isWidenedWeight)) return graph;
  return rewrite(graph, (node) => (node.op === matmulOp && node.type.dtype === "f32" ? halve(node) : node));
}

function halve({ op, inputs, attrs }: Node): Node {
  const halves = inputs.map((x) => (isWidenedWeight(x) ? x.inputs[0]! : cast(x, "f16")));
  return cast(apply(op, halves, attrs), "f32");
}
