import { apply, defineOp, type Node, type Op } from "../node.ts";
import { EXACT } from "./loops.ts";
import { int64 } from "./onnx-values.ts";

/**
 * The value of its first input, not before the second is known. What is computed from it is therefore another value to
 * whatever shares equal ones, and comes later: so a layer's values can be computed twice instead of being kept.
 */
export const afterOp: Op<null> = defineOp<null>({
  name: "after",
  type: ([x]) => x!,
  vjp: (dy) => [() => dy, null],
  // onnxruntime removes an Identity, and with it the order. A choice between x and x stays.
  onnx: (emit, [x, event]) => {
    const first = emit.node("Gather", [emit.node("Reshape", [event!, int64(emit, [-1])]), int64(emit, [0])], {
      axis: 0,
    });
    return emit.node("Where", [emit.node("Equal", [first, first]), x!, x!]);
  },
  tfjs: (k, [x]) => k.identity(x!),
  reference: ([x]) => x!,
  flops: () => 0,
  samples: [{ label: "a matrix after a vector", inputs: [[2, 3], [4]], attrs: null }],
  tolerance: EXACT,
});

/** x, once `event` is known. */
export const after = (x: Node, event: Node): Node => apply(afterOp, [x, event], null);
