import { apply, defineOp, type Node, type Op } from "../../src/graph/node.ts";
import { mul } from "../../src/graph/ops/elementwise.ts";
import { mapElements, sameType } from "../../src/graph/ops/loops.ts";
import { sigmoid } from "../../src/graph/ops/unary.ts";
import { sizeOf } from "../../src/util/tensor.ts";

/** ln(1 + eˣ), a smooth max(x, 0) (Dugas et al. 2001). */
export const softplusOp: Op<null> = defineOp<null>({
  name: "softplus",
  type: sameType,
  vjp: (dy, [x]) => [() => mul(dy, sigmoid(x!))], // (ln(1 + eˣ))' = eˣ / (1 + eˣ) = σ(x)
  onnx: (emit, [x]) => emit.node("Softplus", [x!]),
  tfjs: (k, [x]) => k.log(k.add(k.scalar(1, x!), k.exp(x!))),
  // max(x, 0) + ln(1 + e^−|x|): the same number, and eˣ cannot overflow.
  reference: ([x]) => mapElements(x!, (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))),
  flops: (_inputs, result) => 4 * sizeOf(result.shape),
  samples: [{ label: "a matrix", inputs: [[3, 5]], attrs: null }],
  tolerance: { relative: 5e-6, why: "float32 exp and log in their vectorised forms" },
});

export const softplus = (x: Node): Node => apply(softplusOp, [x], null);
