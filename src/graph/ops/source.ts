import type { DType, Shape, Tensor } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op, type Type } from "../node.ts";
import { EXACT } from "./loops.ts";

export interface InputAttrs extends Type {
  readonly name: string;
}

function heldByEngine(): never {
  throw new Error("an input or constant has no kernel: the engine holds it");
}

/** A value fed at each run. Engines bind it by name; two inputs of one name are one value. */
export const inputOp: Op<InputAttrs> = defineOp<InputAttrs>({
  name: "input",
  type: (_, { dtype, shape }) => ({ dtype, shape }),
  vjp: () => [],
  onnx: (_emit, _inputs, { name }) => name,
  tfjs: heldByEngine,
  reference: () => {
    throw new Error("an input has no definition: the engine feeds it");
  },
  flops: () => 0,
  samples: [],
  tolerance: EXACT,
});

/** A value known when the graph is built. */
export const constantOp: Op<Tensor> = defineOp<Tensor>({
  name: "constant",
  type: (_, { dtype, shape }) => ({ dtype, shape }),
  vjp: () => [],
  onnx: (emit, _inputs, value) => emit.constant(value),
  tfjs: heldByEngine,
  reference: (_, { shape, data }) => ({ shape, data: Float64Array.from(data as Float32Array, Number) }),
  flops: () => 0,
  samples: [
    { label: "a scalar", inputs: [], attrs: { dtype: "f32", shape: [], data: Float32Array.of(2.5) } },
    { label: "a vector", inputs: [], attrs: { dtype: "f32", shape: [3], data: Float32Array.of(1, -2, 0.5) } },
  ],
  tolerance: EXACT,
});

export function input(name: string, dtype: DType, shape: Shape): Node {
  return apply(inputOp, [], { name, dtype, shape });
}

export function constant(value: Tensor): Node {
  return apply(constantOp, [], value);
}

/** The name by which an input is fed. */
export function inputName({ attrs }: Node): string {
  return (attrs as InputAttrs).name;
}

/** A float32 scalar. */
export function scalar(value: number): Node {
  return constant({ dtype: "f32", shape: [], data: Float32Array.of(value) });
}
