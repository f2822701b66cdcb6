import { BYTES_PER_ELEMENT, bytesOf, type DType, type Tensor } from "../util/tensor.ts";
import type { StoredDType } from "./safetensors-header.ts";

const STORED_TYPES: Readonly<Record<DType, StoredDType>> = {
  f64: "F64",
  f32: "F32",
  f16: "F16",
  i64: "I64",
  i32: "I32",
  i8: "I8",
  u8: "U8",
  bool: "BOOL",
};

/**
 * A whole file as bytes. Same tensors, same bytes: wider types come first (so that each is aligned), then by name.
 * transformers refuses a file without `format: "pt"`.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Uint8Array {
  const width = (t: Tensor) => BYTES_PER_ELEMENT[t.dtype];
  const sorted = [...tensors].sort(([n, a], [m, b]) => width(b) - width(a) || (n < m ? -1 : 1));
  const entries = new Map<string, unknown>([["__metadata__", metadata]]);
  let dataBytes = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const end = dataBytes + data.byteLength;
    entries.set(name, { dtype: STORED_TYPES[dtype], shape, data_offsets: [dataBytes, end] });
    dataBytes = end;
  }
  const header = encodeHeader(Object.fromEntries(entries));
  const file = Buffer.alloc(header.length + dataBytes);
  file.set(header);
  let position = header.length;
  for (const [, { data }] of sorted) {
    file.set(bytesOf(data), position);
    position += data.byteLength;
  }
  return file;
}

/** What a file begins with: its length in 8 bytes, then JSON filled up with spaces so that the numbers behind it are aligned. */
export function encodeHeader(header: object): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, " ");
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
  bytes.set(json, 8);
  return bytes;
}
