import { type Shape, sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op, ShapeError } from "../node.ts";
import { ANY_ORDER, broadcastIndex, broadcastShapes, EXACT, positiveAxis } from "./loops.ts";
import { int64 } from "./onnx-values.ts";
import { reshape } from "./reshape.ts";

/** Σ over `axes`; they stay as 1. */
export const sumOp: Op<{ readonly axes: readonly number[] }> = defineOp<{ readonly axes: readonly number[] }>({
  name: "sum",
  type: ([x], { axes }) => {
    for (const axis of axes) positiveAxis("sum", axis, x!.shape);
    return { dtype: x!.dtype, shape: x!.shape.map((d, axis) => (axes.includes(axis) ? 1 : d)) };
  },
  vjp: (dy, [x]) => [() => broadcastTo(dy, x!.type.shape)],
  onnx: (emit, [x], { axes }) => emit.node("ReduceSum", [x!, int64(emit, axes)], { keepdims: 1 }),
  tfjs: (k, [x], { axes }) => k.sum(x!, axes),
  reference: ([x], { axes }) => {
    const shape = x!.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
    const data = new Float64Array(sizeOf(shape));
    broadcastIndex(shape, x!.shape).forEach((at, i) => {
      data[at]! += x!.data[i]!;
    });
    return { shape, data };
  },
  flops: ([x]) => sizeOf(x!.shape),
  samples: [
    { label: "last axis", inputs: [[2, 3, 4]], attrs: { axes: [2] } },
    { label: "first and middle axis", inputs: [[2, 3, 4]], attrs: { axes: [0, 1] } },
  ],
  tolerance: ANY_ORDER,
});

/** Repeats axes of 1, and missing leading ones, up to `shape`. */
export const broadcastToOp: Op<{ readonly shape: Shape }> = defineOp<{ readonly shape: Shape }>({
  name: "broadcastTo",
  type: ([x], { shape }) => {
    const reached = broadcastShapes("broadcastTo", x!.shape, shape);
    if (reached.some((d, axis) => d !== shape[axis]))
      throw new ShapeError(`broadcastTo: [${x!.shape}] does not reach [${shape}]`);
    return { dtype: x!.dtype, shape };
  },
  vjp: (dy, [x]) => [() => sumTo(dy, x!.type.shape)],
  onnx: (emit, [x], { shape }) => emit.node("Expand", [x!, int64(emit, shape)]),
  tfjs: (k, [x], { shape }) => k.broadcastTo(x!, shape),
  reference: ([x], { shape }) => ({
    shape,
    data: Float64Array.from(broadcastIndex(x!.shape, shape), (at) => x!.data[at]!),
  }),
  flops: () => 0,
  samples: [
    { label: "a new leading axis", inputs: [[3]], attrs: { shape: [2, 3] } },
    { label: "an axis of 1", inputs: [[2, 1, 3]], attrs: { shape: [2, 4, 3] } },
  ],
  tolerance: EXACT,
});

export function sum(x: Node, axes: readonly number[]): Node {
  const positive = axes.map((axis) => positiveAxis("sum", axis, x.type.shape));
  return positive.length === 0 ? x : apply(sumOp, [x], { axes: positive });
}

export function broadcastTo(x: Node, shape: Shape): Node {
  return sameShape(x.type.shape, shape) ? x : apply(broadcastToOp, [x], { shape });
}

/** The transpose of broadcasting: sums `x` over every axis along which `shape` was stretched. */
export function sumTo(x: Node, shape: Shape): Node {
  const lead = x.type.shape.length - shape.length;
  const axes = x.type.shape.flatMap((d, axis) => (axis < lead || (shape[axis - lead] === 1 && d !== 1) ? [axis] : []));
  return reshape(sum(x, axes), shape);
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, axis) => d === b[axis]);
}
