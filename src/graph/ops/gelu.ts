import { sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op } from "../node.ts";
import { mul, scale, shift, sub } from "./elementwise.ts";
import { mapElements, sameType } from "./loops.ts";
import { sigmoid } from "./unary.ts";

const LINEAR = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = LINEAR * 0.044715;

/**
 * GELU in its tanh approximation (Hendrycks & Gimpel 2016, §2): ½x(1 + tanh √(2/π)(x + 0.044715x³)),
 * which is x·σ(w) with w = 2√(2/π)(x + 0.044715x³), since ½(1 + tanh u) = σ(2u).
 */
export const geluOp: Op<null> = defineOp<null>({
  name: "gelu",
  type: sameType,
  // y' = σ + xσ(1 − σ)w' = σ(1 + (x − y)w')
  vjp: (dy, [x], _attrs, y) => [
    () => {
      const square = mul(x!, x!);
      const s = sigmoid(mul(x!, shift(scale(square, CUBIC), LINEAR)));
      const slope = shift(scale(square, 3 * CUBIC), LINEAR); // w'
      return mul(dy, mul(s, shift(mul(sub(x!, y), slope), 1)));
    },
  ],
  onnx: (emit, [x]) => emit.node("Gelu", [x!], { approximate: "tanh" }),
  tfjs: (k, [x]) => {
    const slope = k.add(k.mul(k.mul(x!, x!), k.scalar(CUBIC, x!)), k.scalar(LINEAR, x!));
    return k.mul(x!, k.sigmoid(k.mul(x!, slope)));
  },
  reference: ([x]) => mapElements(x!, (v) => v / (1 + Math.exp(-v * (LINEAR + CUBIC * v * v)))),
  flops: (_inputs, result) => 10 * sizeOf(result.shape),
  samples: [{ label: "a matrix", inputs: [[3, 7]], attrs: null }],
  tolerance: { relative: 5e-6, why: "float32 tanh in its vectorised form" },
});

export const gelu = (x: Node): Node => apply(geluOp, [x], null);
