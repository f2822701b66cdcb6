import type { OnnxEmitter, Type } from "../node.ts";

/** An int64 vector initializer: shapes, axes and bounds are tensors in ONNX. */
export function int64(emit: OnnxEmitter, values: readonly number[]): string {
  return emit.constant({ dtype: "i64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
}

/** A float32 scalar initializer. */
export function float32(emit: OnnxEmitter, value: number): string {
  return emit.constant({ dtype: "f32", shape: [], data: Float32Array.of(value) });
}

/** 0, 1, … n − 1 as an int32 vector initializer. */
export function range(emit: OnnxEmitter, n: number): string {
  return emit.constant({ dtype: "i32", shape: [n], data: Int32Array.from({ length: n }, (_, i) => i) });
}

/** The numbers of ONNX's TensorProto.DataType. */
export const ONNX_DTYPE = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, bool: 9, f16: 10, f64: 11 } as const;

/** A value [..] as [..,1], ready to be compared with a row. */
export function asColumn(emit: OnnxEmitter, name: string, { shape }: Type): string {
  return emit.node("Reshape", [name, int64(emit, [...shape, 1])]);
}
