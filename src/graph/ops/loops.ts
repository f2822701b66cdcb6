import { type Shape, sizeOf } from "../../util/tensor.ts";
import { type Float64Tensor, ShapeError, type Type } from "../node.ts";

/** Row-major strides of a shape. */
export function strides(shape: Shape): number[] {
  const result = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = step;
    step *= shape[axis]!;
  }
  return result;
}

/** NumPy's broadcasting rule: shapes are aligned at the right, an axis of 1 stretches. */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (m !== n && m !== 1 && n !== 1)
      throw new ShapeError(`${where}: [${a}] and [${b}] do not broadcast, axis ${i - rank}: ${m} against ${n}`);
    return m === 1 ? n : m;
  });
}

/** For each element of `target`, the flat index of the element of `shape` that broadcasts to it. */
export function broadcastIndex(shape: Shape, target: Shape): Int32Array {
  const offset = target.length - shape.length;
  const step = strides(shape).map((s, axis) => (shape[axis] === 1 ? 0 : s));
  return walk(target, (axis) => (axis < offset ? 0 : step[axis - offset]!));
}

/** Flat source index of every element of `shape` in row-major order, when a step along `axis` moves `step(axis)`. */
export function walk(shape: Shape, step: (axis: number) => number): Int32Array {
  const steps = shape.map((_, axis) => step(axis));
  const result = new Int32Array(sizeOf(shape));
  const position = new Array<number>(shape.length).fill(0);
  let source = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = source;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += steps[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      source -= steps[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
  return result;
}

export function mapElements(x: Float64Tensor, f: (value: number) => number): Float64Tensor {
  return { shape: x.shape, data: x.data.map(f) };
}

export function zipBroadcast(a: Float64Tensor, b: Float64Tensor, f: (a: number, b: number) => number): Float64Tensor {
  const shape = broadcastShapes("reference", a.shape, b.shape);
  const [ia, ib] = [broadcastIndex(a.shape, shape), broadcastIndex(b.shape, shape)];
  return { shape, data: Float64Array.from(ia, (at, i) => f(a.data[at]!, b.data[ib[i]!]!)) };
}

/** Applies `f` to each run of `x` along its last axis; `f` writes into `out`, as long as the run unless `width` says so. */
export function mapRows(
  x: Float64Tensor,
  f: (row: Float64Array, out: Float64Array, index: number) => void,
  width?: number,
): Float64Tensor {
  const size = x.shape.at(-1)!;
  const out = width ?? size;
  const data = new Float64Array((x.data.length / size) * out);
  for (let i = 0; i * size < x.data.length; i++) {
    f(x.data.subarray(i * size, (i + 1) * size), data.subarray(i * out, (i + 1) * out), i);
  }
  return { shape: [...x.shape.slice(0, -1), out], data };
}

/** The type rule of an op that keeps its first input's type. */
export function sameType([x]: readonly Type[]): Type {
  return x!;
}

/** Axes counted from the end, as ONNX and NumPy do, made positive. */
export function positiveAxis(where: string, axis: number, shape: Shape): number {
  const result = axis < 0 ? axis + shape.length : axis;
  if (!(result >= 0 && result < shape.length))
    throw new ShapeError(`${where}: axis ${axis} is not an axis of [${shape}]`);
  return result;
}

export const EXACT = { relative: 0, why: "moves numbers without changing them" } as const;
export const ONE_ROUNDING = { relative: 1e-6, why: "a few float32 roundings an element" } as const;
export const ANY_ORDER = { relative: 1e-5, why: "float32 sums taken in any order" } as const;
