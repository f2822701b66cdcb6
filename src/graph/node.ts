import type { DType, Shape, Tensor } from "../util/tensor.ts";

/** What is known of a value before it exists. */
export interface Type {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One value in a graph: the result of `op` on `inputs`. Nodes are immutable; a graph is whatever its outputs reach. */
export interface Node {
  // biome-ignore lint/suspicious/noExplicitAny: each op closes over its own attributes; `apply` checks them at the call.
  readonly op: Op<any>;
  readonly inputs: readonly Node[];
  readonly attrs: unknown;
  readonly type: Type;
}

/** A dense float64 array: the only number type of the reference implementation. */
export interface Float64Tensor {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export type OnnxAttribute = number | string | readonly number[];

/** What an op's ONNX lowering may do; names stand for values. `engine/onnx` implements it. */
export interface OnnxEmitter {
  /** Adds a node and returns the name of its first output. Floats are passed as `{ float: x }`, integers as numbers. */
  node(
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute | { readonly float: number }>>,
    domain?: string,
  ): string;
  /** An initializer. */
  constant(value: Tensor): string;
  /** An int64 vector of sizes, of a shape or of places on an axis; those that only a run knows are computed there. */
  sizes(values: readonly number[]): string;
}

/**
 * What an op's TensorFlow.js kernel is written with; X is a tensor on the backend. `engine/tfjs` implements it. Operands of
 * one call have one type and broadcast; what a kernel makes on the way is freed when it returns.
 */
export interface TfjsKernels<X> {
  /** A small value; equal ones are made once and kept. */
  constant(value: Tensor): X;
  /** A constant number of the type that `like` has. */
  scalar(value: number, like: X): X;
  identity(x: X): X;
  cast(x: X, to: DType): X;
  add(a: X, b: X): X;
  sub(a: X, b: X): X;
  mul(a: X, b: X): X;
  div(a: X, b: X): X;
  maximum(a: X, b: X): X;
  /** A truth value for {@link select}. */
  less(a: X, b: X): X;
  select(condition: X, a: X, b: X): X;
  exp(x: X): X;
  log(x: X): X;
  tanh(x: X): X;
  sigmoid(x: X): X;
  rsqrt(x: X): X;
  /** Axes that are reduced stay as 1. */
  sum(x: X, axes: readonly number[]): X;
  mean(x: X, axis: number): X;
  max(x: X, axis: number): X;
  softmax(x: X): X;
  /** [..,M,K] · [..,K,N]; leading axes broadcast. */
  matmul(a: X, b: X, transA: boolean, transB: boolean): X;
  reshape(x: X, shape: Shape): X;
  transpose(x: X, order: readonly number[]): X;
  broadcastTo(x: X, shape: Shape): X;
  slice(x: X, begin: readonly number[], size: Shape): X;
  /** Zeros before and after each axis. */
  pad(x: X, widths: readonly (readonly [number, number])[]): X;
  concat(xs: readonly X[], axis: number): X;
  /** Rows of `x` along its first axis. */
  gather(x: X, indices: X): X;
  /** float32; a row of zeros for an index outside. */
  oneHot(indices: X, depth: number): X;
}

/** How a sample input of an op is drawn: normal numbers, positive numbers, or integers below a bound. */
export type SampleInput =
  | Shape
  | { readonly shape: Shape; readonly positive: true }
  | { readonly shape: Shape; readonly below: number; readonly dtype?: "i32" | "i8" | "u8" };

export interface Sample<A> {
  readonly label: string;
  readonly inputs: readonly SampleInput[];
  readonly attrs: A;
}

/** Builds the gradient of one input; called only when that gradient is wanted, so a frozen weight's is never built. */
export type GradientThunk = () => Node;

/**
 * An operation, whole: everything any part of the project knows of it stands in this record.
 * Tests, the documentation and the engines are loops over the list of records (`ops/index.ts`).
 */
export interface Op<A> {
  readonly name: string;
  /** Type of the result; throws `ShapeError` when the inputs do not fit. */
  type(inputs: readonly Type[], attrs: A): Type;
  /**
   * Vector-Jacobian product: for each input a thunk that builds `dyᵀ·∂y/∂x`, or null where none exists (an index).
   * Thunks build graph nodes only, so that the backward pass is an ordinary graph.
   */
  vjp(dy: Node, inputs: readonly Node[], attrs: A, y: Node): readonly (GradientThunk | null)[];
  /** Lowers to ONNX; `inputs` are value names. */
  onnx(emit: OnnxEmitter, inputs: readonly string[], attrs: A, types: readonly Type[]): string;
  /** Computes it in TensorFlow.js. */
  tfjs<X>(kernels: TfjsKernels<X>, inputs: readonly X[], attrs: A, types: readonly Type[]): X;
  /** The definition, in float64 loops: the judge of every engine. */
  reference(inputs: readonly Float64Tensor[], attrs: A): Float64Tensor;
  /**
   * Where onnxruntime puts the result when it can: over an input of its size that is read last here, or, of a view, where its input
   * lies anyhow. Absent: in memory of its own.
   */
  readonly memory?: "in place" | "view";
  /** Bytes that onnxruntime takes beside inputs and result while it computes, and gives back; 0 when absent. */
  scratch?(attrs: A, inputs: readonly Type[]): number;
  /** Floating point operations; the number of result elements when absent. */
  flops?(inputs: readonly Type[], result: Type, attrs: A): number;
  readonly samples: readonly Sample<A>[];
  /** How far a float32 engine may be from the reference, relative to the largest value, and why. */
  readonly tolerance: { readonly relative: number; readonly why: string };
}

/** Declares an op; write the type on the constant as well, or a `vjp` that uses its own op does not type-check. */
export function defineOp<A>(op: Op<A>): Op<A> {
  return op;
}

/** Inputs do not fit an op. The message names the op, both shapes and the axis letter that disagrees. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** Applies an op: infers the result's type and returns the new node. */
export function apply<A>(op: Op<A>, inputs: readonly Node[], attrs: A): Node {
  const type = op.type(
    inputs.map((input) => input.type),
    attrs,
  );
  return { op, inputs, attrs, type };
}

export function formatType({ dtype, shape }: Type): string {
  return `${dtype}[${shape.join(",")}]`;
}

/**
 * Checks a value against axis letters and returns what each letter stands for:
 * `bindShape("attention", x, "B T D", { D: 64 })` → `{ B: 2, T: 8, D: 64 }`.
 * @throws ShapeError naming the letter that disagrees
 */
export function bindShape<L extends string>(
  where: string,
  { type: { shape } }: { readonly type: Type },
  letters: string,
  known: Readonly<Record<string, number>> = {},
): Record<L, number> {
  const axes = letters.split(" ");
  const bound: Record<string, number> = { ...known };
  const wanted = () => `[${axes.map((axis) => `${axis}${bound[axis] === undefined ? "" : `=${bound[axis]}`}`)}]`;
  if (axes.length !== shape.length) throw new ShapeError(`${where}: wants ${wanted()} but got [${shape}]`);
  axes.forEach((axis, i) => {
    bound[axis] ??= shape[i]!;
    if (bound[axis] !== shape[i])
      throw new ShapeError(`${where}: axis ${axis} of ${wanted()} is ${shape[i]} in [${shape}]`);
  });
  return bound as Record<L, number>;
}
