import { BYTES_PER_ELEMENT, sizeOf } from "../util/tensor.ts";
import type { Graph } from "./graph.ts";
import type { Node, Type } from "./node.ts";

/** Bytes of a value. */
export function byteSize({ dtype, shape }: Type): number {
  return sizeOf(shape) * BYTES_PER_ELEMENT[dtype];
}

/** Floating point operations of one node (a multiply-add counts two). */
export function flopsOf({ op, inputs, attrs, type }: Node): number {
  return op.flops
    ? op.flops(
        inputs.map((input) => input.type),
        type,
        attrs,
      )
    : sizeOf(type.shape);
}

/** Floating point operations of all nodes. */
export const totalFlops = ({ nodes }: Graph): number => nodes.reduce((sum, node) => sum + flopsOf(node), 0);
