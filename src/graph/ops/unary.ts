import { apply, defineOp, type Node, type OnnxEmitter, type Op } from "../node.ts";
import { div, mul, scale, shift } from "./elementwise.ts";
import { mapElements, sameType } from "./loops.ts";

interface Rule {
  /** Also of TensorFlow.js' kernel. */
  readonly name: "exp" | "log" | "tanh" | "sigmoid" | "rsqrt";
  readonly f: (x: number) => number;
  /** dy · f'(x), by way of y = f(x) where that is shorter. */
  readonly vjp: (dy: Node, x: Node, y: Node) => Node;
  readonly onnx: (emit: OnnxEmitter, x: string) => string;
  readonly positive?: true;
}

function unary({ name, f, vjp, onnx, positive }: Rule): Op<null> {
  return defineOp<null>({
    name,
    memory: "in place",
    type: sameType,
    vjp: (dy, [x], _attrs, y) => [() => vjp(dy, x!, y)],
    onnx: (emit, [x]) => onnx(emit, x!),
    tfjs: (k, [x]) => k[name](x!),
    reference: ([x]) => mapElements(x!, f),
    samples: [{ label: "a matrix", inputs: [positive ? { shape: [3, 5], positive } : [3, 5]], attrs: null }],
    tolerance: { relative: 5e-6, why: "vectorised float32 approximations of transcendental functions" },
  });
}

const plain = (type: string) => (emit: OnnxEmitter, x: string) => emit.node(type, [x]);

export const expOp: Op<null> = unary({ name: "exp", f: Math.exp, vjp: (dy, _x, y) => mul(dy, y), onnx: plain("Exp") });
export const logOp: Op<null> = unary({
  name: "log",
  f: Math.log,
  vjp: (dy, x) => div(dy, x),
  onnx: plain("Log"),
  positive: true,
});
export const tanhOp: Op<null> = unary({
  name: "tanh",
  f: Math.tanh,
  vjp: (dy, _x, y) => mul(dy, shift(scale(mul(y, y), -1), 1)),
  onnx: plain("Tanh"),
});
export const sigmoidOp: Op<null> = unary({
  name: "sigmoid",
  f: (x) => 1 / (1 + Math.exp(-x)),
  vjp: (dy, _x, y) => mul(mul(dy, y), shift(scale(y, -1), 1)), // σ' = σ(1 − σ)
  onnx: plain("Sigmoid"),
});
export const rsqrtOp: Op<null> = unary({
  name: "rsqrt",
  f: (x) => 1 / Math.sqrt(x),
  vjp: (dy, _x, y) => scale(mul(dy, mul(y, mul(y, y))), -0.5), // (x^−½)' = −½ x^−3⁄2
  onnx: (emit, x) => emit.node("Reciprocal", [emit.node("Sqrt", [x])]),
  positive: true,
});

export const exp = (x: Node): Node => apply(expOp, [x], null);
export const log = (x: Node): Node => apply(logOp, [x], null);
export const tanh = (x: Node): Node => apply(tanhOp, [x], null);
export const sigmoid = (x: Node): Node => apply(sigmoidOp, [x], null);
export const rsqrt = (x: Node): Node => apply(rsqrtOp, [x], null);
