import { f16ToF32 } from "../../formats/half.ts";
import { type Graph, rewrite } from "../../graph/graph.ts";
import { apply, type Node } from "../../graph/node.ts";
import { castOp } from "../../graph/ops/cast.ts";
import { cast, constant, input } from "../../graph/ops/index.ts";
import { constantOp, inputName, inputOp } from "../../graph/ops/source.ts";
import type { DType, Tensor } from "../../util/tensor.ts";

/**
 * The same graph with float32 wherever there was float16, for a device that computes with no halves. An output in half would
 * come out in float32; no graph here has one.
 */
export function widenHalves(graph: Graph): Graph {
  return rewrite(graph, widenNode);
}

/** The same numbers in the type that {@link widenHalves} gives their input. */
export function widenTensor({ dtype, shape, data }: Tensor): Tensor {
  return { dtype: widen(dtype), shape, data: dtype === "f16" ? f16ToF32(data as Uint16Array) : data };
}

const widen = (dtype: DType): DType => (dtype === "f16" ? "f32" : dtype);

/** Of a node with wide inputs the one that is wide itself. */
function widenNode(node: Node): Node {
  const { op, inputs, attrs, type } = node;
  if (op === inputOp) return input(inputName(node), widen(type.dtype), type.shape);
  if (op === constantOp) return constant(widenTensor(attrs as Tensor));
  if (op === castOp) return cast(inputs[0]!, widen(type.dtype));
  return apply(op, inputs, attrs);
}
