import { type Shape, sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op, ShapeError } from "../node.ts";
import { EXACT, strides, walk } from "./loops.ts";

/** The same numbers in the same order under another shape. */
export const reshapeOp: Op<{ readonly shape: Shape }> = defineOp<{ readonly shape: Shape }>({
  name: "reshape",
  memory: "view",
  type: ([x], { shape }) => {
    if (sizeOf(x!.shape) !== sizeOf(shape)) {
      throw new ShapeError(
        `reshape: [${x!.shape}] holds ${sizeOf(x!.shape)} numbers, [${shape}] wants ${sizeOf(shape)}`,
      );
    }
    return { dtype: x!.dtype, shape };
  },
  vjp: (dy, [x]) => [() => reshape(dy, x!.type.shape)],
  onnx: (emit, [x], { shape }) => emit.node("Reshape", [x!, emit.sizes(shape)]),
  tfjs: (k, [x], { shape }) => k.reshape(x!, shape),
  reference: ([x], { shape }) => ({ shape, data: x!.data }),
  flops: () => 0,
  samples: [
    { label: "two axes into one", inputs: [[2, 3, 4]], attrs: { shape: [6, 4] } },
    { label: "to a scalar", inputs: [[1, 1]], attrs: { shape: [] } },
  ],
  tolerance: EXACT,
});

/** Axis i of the result is axis `order[i]` of the input. */
export const transposeOp: Op<{ readonly order: readonly number[] }> = defineOp<{ readonly order: readonly number[] }>({
  name: "transpose",
  type: ([x], { order }) => {
    if (
      order.length !== x!.shape.length ||
      new Set(order).size !== order.length ||
      order.some((axis) => x!.shape[axis] === undefined)
    ) {
      throw new ShapeError(`transpose: [${order}] is no order of the axes of [${x!.shape}]`);
    }
    return { dtype: x!.dtype, shape: order.map((axis) => x!.shape[axis]!) };
  },
  vjp: (dy, _inputs, { order }) => [() => transpose(dy, inverse(order))],
  onnx: (emit, [x], { order }) => emit.node("Transpose", [x!], { perm: order }),
  tfjs: (k, [x], { order }) => k.transpose(x!, order),
  reference: ([x], { order }) => {
    const shape = order.map((axis) => x!.shape[axis]!);
    const step = strides(x!.shape);
    return {
      shape,
      data: Float64Array.from(
        walk(shape, (axis) => step[order[axis]!]!),
        (at) => x!.data[at]!,
      ),
    };
  },
  flops: () => 0,
  samples: [
    { label: "a matrix", inputs: [[2, 3]], attrs: { order: [1, 0] } },
    { label: "heads before tokens", inputs: [[2, 3, 4, 5]], attrs: { order: [0, 2, 1, 3] } },
    { label: "a cycle of three", inputs: [[2, 3, 4]], attrs: { order: [2, 0, 1] } },
  ],
  tolerance: EXACT,
});

export function reshape(x: Node, shape: Shape): Node {
  // A chain of reshapes is its last one.
  const source = x.op === reshapeOp ? x.inputs[0]! : x;
  if (source.type.shape.length === shape.length && source.type.shape.every((d, axis) => d === shape[axis]))
    return source;
  return apply(reshapeOp, [source], { shape });
}

export function transpose(x: Node, order: readonly number[]): Node {
  const { shape } = x.type;
  const moved = order.filter((axis) => shape[axis] !== 1);
  // Moving axes of 1 about moves no number: with one key/value head this is every transpose of attention.
  if (order.length === shape.length && moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) {
    return reshape(
      x,
      order.map((axis) => shape[axis]!),
    );
  }
  return apply(transposeOp, [x], { order });
}

function inverse(order: readonly number[]): number[] {
  const result = new Array<number>(order.length);
  order.forEach((axis, i) => {
    result[axis] = i;
  });
  return result;
}
