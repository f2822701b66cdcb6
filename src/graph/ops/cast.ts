import type { DType } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op } from "../node.ts";
import { EXACT, mapElements, sameType } from "./loops.ts";
import { ONNX_DTYPE } from "./onnx-values.ts";

/** The same numbers in another type; to a whole number they are cut off at the point. */
export const castOp: Op<{ readonly to: DType }> = defineOp<{ readonly to: DType }>({
  name: "cast",
  type: ([x], { to }) => ({ dtype: to, shape: x!.shape }),
  vjp: (dy, [x], { to }) => [isWhole(to) || isWhole(x!.type.dtype) ? null : () => cast(dy, x!.type.dtype)],
  onnx: (emit, [x], { to }) => emit.node("Cast", [x!], { to: ONNX_DTYPE[to] }),
  tfjs: (k, [x], { to }) => k.cast(x!, to),
  reference: ([x], { to }) => (isWhole(to) ? mapElements(x!, Math.trunc) : x!),
  flops: () => 0,
  samples: [
    { label: "to what it is", inputs: [[2, 3]], attrs: { to: "f32" } },
    { label: "an index to a number", inputs: [{ shape: [4], below: 100 }], attrs: { to: "f32" } },
  ],
  tolerance: EXACT,
});

const isWhole = (dtype: DType) => !dtype.startsWith("f");

/** The value, without a way back: gradients stop here. */
export const stopGradientOp: Op<null> = defineOp<null>({
  name: "stopGradient",
  memory: "view",
  type: sameType,
  vjp: () => [null],
  onnx: (_emit, [x]) => x!,
  tfjs: (k, [x]) => k.identity(x!),
  reference: ([x]) => x!,
  flops: () => 0,
  samples: [],
  tolerance: EXACT,
});

/**
 * The value under another name: what is computed from it is not what was computed from it before, where equal nodes would
 * else be shared, and the value with them wait from the way there to the way back.
 */
export const againOp: Op<null> = defineOp<null>({
  name: "again",
  memory: "view",
  type: sameType,
  vjp: (dy) => [() => dy],
  onnx: (emit, [x]) => emit.node("Identity", [x!]),
  tfjs: (k, [x]) => k.identity(x!),
  reference: ([x]) => x!,
  flops: () => 0,
  samples: [{ label: "the same numbers", inputs: [[2, 3]], attrs: null }],
  tolerance: EXACT,
});

export const cast = (x: Node, to: DType): Node => (x.type.dtype === to ? x : apply(castOp, [x], { to }));
export const again = (x: Node): Node => apply(againOp, [x], null);
export const stopGradient = (x: Node): Node => apply(stopGradientOp, [x], null);
