import { sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op } from "../node.ts";
import { mul, sub } from "./elementwise.ts";
import { mapRows, sameType } from "./loops.ts";
import { sum } from "./reduce.ts";

/** eˣ / Σ eˣ over the last axis. */
export const softmaxOp: Op<null> = defineOp<null>({
  name: "softmax",
  type: sameType,
  // dx = y ∘ (dy − Σ dy ∘ y)
  vjp: (dy, _inputs, _attrs, y) => [() => mul(y, sub(dy, sum(mul(dy, y), [-1])))],
  onnx: (emit, [x]) => emit.node("Softmax", [x!], { axis: -1 }),
  tfjs: (k, [x]) => k.softmax(x!),
  reference: ([x]) =>
    mapRows(x!, (row, out) => {
      const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = row.reduce((t, v) => t + Math.exp(v - largest), 0);
      row.forEach((v, i) => {
        out[i] = Math.exp(v - largest) / total;
      });
    }),
  flops: (_inputs, result) => 5 * sizeOf(result.shape),
  samples: [
    { label: "rows", inputs: [[4, 7]], attrs: null },
    { label: "scores of heads", inputs: [[2, 3, 2, 5]], attrs: null },
  ],
  tolerance: { relative: 5e-6, why: "float32 exp and a sum over the row" },
});

export const softmax = (x: Node): Node => apply(softmaxOp, [x], null);
