import { apply, defineOp, type Node, type Op } from "../node.ts";
import { broadcastShapes, ONE_ROUNDING, zipBroadcast } from "./loops.ts";
import { sumTo } from "./reduce.ts";
import { scalar } from "./source.ts";

interface Rule {
  /** Also of TensorFlow.js' kernel. */
  readonly name: "add" | "sub" | "mul" | "div";
  readonly onnx: string;
  readonly f: (a: number, b: number) => number;
  /** ∂y/∂a · dy and ∂y/∂b · dy, before the sums that undo broadcasting. */
  readonly vjp: (dy: Node, a: Node, b: Node, y: Node) => readonly [() => Node, () => Node];
  /** b must stay away from zero in samples. */
  readonly positive?: true;
}

/** An elementwise op on two operands of one type, with NumPy's broadcasting. */
function binary({ name, onnx, f, vjp, positive }: Rule): Op<null> {
  const second = (shape: readonly number[]) => (positive ? { shape, positive } : shape);
  return defineOp<null>({
    name,
    memory: "in place",
    type: ([a, b]) => ({ dtype: a!.dtype, shape: broadcastShapes(name, a!.shape, b!.shape) }),
    vjp: (dy, [a, b], _attrs, y) => {
      const [da, db] = vjp(dy, a!, b!, y);
      return [() => sumTo(da(), a!.type.shape), () => sumTo(db(), b!.type.shape)];
    },
    onnx: (emit, inputs) => emit.node(onnx, inputs),
    tfjs: (k, [a, b]) => k[name](a!, b!),
    reference: ([a, b]) => zipBroadcast(a!, b!, f),
    samples: [
      { label: "same shapes", inputs: [[2, 3], second([2, 3])], attrs: null },
      { label: "a row to every row", inputs: [[2, 3, 4], second([4])], attrs: null },
      { label: "both stretch", inputs: [[2, 1, 4], second([3, 1])], attrs: null },
    ],
    tolerance: ONE_ROUNDING,
  });
}

export const addOp: Op<null> = binary({
  name: "add",
  onnx: "Add",
  f: (a, b) => a + b,
  vjp: (dy) => [() => dy, () => dy],
});
export const subOp: Op<null> = binary({
  name: "sub",
  onnx: "Sub",
  f: (a, b) => a - b,
  vjp: (dy) => [() => dy, () => scale(dy, -1)],
});
// (ab)' = a'b + ab'
export const mulOp: Op<null> = binary({
  name: "mul",
  onnx: "Mul",
  f: (a, b) => a * b,
  vjp: (dy, a, b) => [() => mul(dy, b), () => mul(dy, a)],
});
// (a/b)' = a'/b − (a/b)·b'/b
export const divOp: Op<null> = binary({
  name: "div",
  onnx: "Div",
  f: (a, b) => a / b,
  vjp: (dy, _a, b, y) => [() => div(dy, b), () => scale(div(mul(dy, y), b), -1)],
  positive: true,
});

export const add = (a: Node, b: Node): Node => apply(addOp, [a, b], null);
export const sub = (a: Node, b: Node): Node => apply(subOp, [a, b], null);
export const mul = (a: Node, b: Node): Node => apply(mulOp, [a, b], null);
export const div = (a: Node, b: Node): Node => apply(divOp, [a, b], null);

/** x · c for a number known when the graph is built. */
export const scale = (x: Node, c: number): Node => (c === 1 ? x : mul(x, scalar(c)));
/** x + c for a number known when the graph is built. */
export const shift = (x: Node, c: number): Node => (c === 0 ? x : add(x, scalar(c)));
