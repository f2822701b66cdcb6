/** Element types that cross a file or an engine. f16 is carried as raw bits: JavaScript has no such number on Node 20. */
export type DType = "f32" | "f16" | "f64" | "i32" | "i64" | "i8" | "u8" | "bool";

export interface DataOf {
  f32: Float32Array;
  f16: Uint16Array;
  f64: Float64Array;
  i32: Int32Array;
  i64: BigInt64Array;
  i8: Int8Array;
  u8: Uint8Array;
  bool: Uint8Array;
}

export type Shape = readonly number[];

/** A dense row-major tensor in host memory. `data.length` is the product of `shape`. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: DataOf[D];
}

export const BYTES_PER_ELEMENT: Readonly<Record<DType, number>> = {
  f32: 4,
  f16: 2,
  f64: 8,
  i32: 4,
  i64: 8,
  i8: 1,
  u8: 1,
  bool: 1,
};

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((n, d) => n * d, 1);
}

export function tensor<D extends DType>(dtype: D, shape: Shape, data: DataOf[D]): Tensor<D> {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`tensor: shape [${shape}] wants ${sizeOf(shape)} numbers but got ${data.length}`);
  }
  return { dtype, shape, data };
}

/** The numbers as they lie in memory, not copied: little-endian, as files have them. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** An empty (zeroed) array of a type, `length` elements long. */
export function allocate<D extends DType>(dtype: D, length: number): DataOf[D] {
  const make: { [K in DType]: () => DataOf[K] } = {
    f32: () => new Float32Array(length),
    f16: () => new Uint16Array(length),
    f64: () => new Float64Array(length),
    i32: () => new Int32Array(length),
    i64: () => new BigInt64Array(length),
    i8: () => new Int8Array(length),
    u8: () => new Uint8Array(length),
    bool: () => new Uint8Array(length),
  };
  return make[dtype]() as DataOf[D];
}
