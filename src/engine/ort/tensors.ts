import "./telemetry.ts";
import * as ort from "onnxruntime-node";
import type { DType, Tensor } from "../../util/tensor.ts";

const ORT_TYPE = {
  f32: "float32",
  f16: "float16",
  f64: "float64",
  i32: "int32",
  i64: "int64",
  i8: "int8",
  u8: "uint8",
  bool: "bool",
} as const;
const TYPE_OF = Object.fromEntries(Object.entries(ORT_TYPE).map(([ours, theirs]) => [theirs, ours])) as Record<
  string,
  DType
>;

/**
 * Wraps host memory; nothing is copied. Where Node has a Float16Array, ort.Tensor makes one of halves, and the native side
 * takes it for empty (microsoft/onnxruntime#32323): there it is shown the halves themselves.
 */
export function toOrt({ dtype, data, shape }: Tensor): ort.Tensor {
  const tensor = new ort.Tensor(ORT_TYPE[dtype], data as Float32Array, [...shape]);
  return dtype === "f16" ? Object.defineProperty(tensor, "data", { value: data }) : tensor;
}

export function fromOrt({ type, data, dims }: ort.Tensor): Tensor {
  return { dtype: TYPE_OF[type]!, shape: dims, data: data as Float32Array };
}

export function mapValues<V, R>(
  record: Readonly<Record<string, V>>,
  f: (value: V, name: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}
