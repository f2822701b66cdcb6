import { type Limiter, limitConcurrency } from "../util/concurrency.ts";
import { InputError } from "../util/errors.ts";
import { allocate, bytesOf, type DType, sizeOf, type Tensor } from "../util/tensor.ts";
import { type ByteSource, bytesInMemory, openBytes } from "./byte-source.ts";
import { bf16ToF32, f16ToF32, f32ToF16 } from "./half.ts";
import { type Header, readHeader, type StoredDType, type TensorEntry } from "./safetensors-header.ts";

/** An open safetensors file whose header was checked. Numbers are read on demand, never the whole file. */
export interface SafetensorsFile extends Header {
  readonly path: string;
  /**
   * One tensor. "f32" and "f16" convert from any float type; "stored" keeps the file's type, and gives bf16 as f32.
   * @throws InputError when the type cannot be read so, or the file changed since it was opened.
   */
  readTensor<As extends "f32" | "f16">(entry: TensorEntry, as: As): Promise<Tensor<As>>;
  readTensor(entry: TensorEntry, as: "stored"): Promise<Tensor>;
  close(): Promise<void>;
}

/** Opens a file and checks its header. @throws InputError naming the file, the tensor and what is wrong. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return open(await openBytes(path));
}

/** All tensors of a small file, in stored types. @throws InputError as {@link openSafetensors}. */
export async function readSafetensors(path: string): Promise<ReadonlyMap<string, Tensor>> {
  return readAll(await openSafetensors(path));
}

/** As {@link readSafetensors}, of a file already in memory; `name` stands for it in errors. */
export async function decodeSafetensors(name: string, bytes: Uint8Array): Promise<ReadonlyMap<string, Tensor>> {
  return readAll(await open(bytesInMemory(name, bytes)));
}

async function open(source: ByteSource): Promise<SafetensorsFile> {
  try {
    const header = await readHeader(source);
    const inTurn = limitConcurrency(CONVERSIONS);
    const readTensor = (entry: TensorEntry, as: DType | "stored") => readAs(source, entry, as, inTurn);
    // The overloads tie the element type to `as`; one implementation cannot say that.
    const typed = readTensor as SafetensorsFile["readTensor"];
    return { path: source.name, ...header, readTensor: typed, close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readAll(file: SafetensorsFile): Promise<ReadonlyMap<string, Tensor>> {
  try {
    const tensors = new Map<string, Tensor>();
    for (const [name, entry] of file.entries) tensors.set(name, await file.readTensor(entry, "stored"));
    return tensors;
  } finally {
    await file.close();
  }
}

/** Types whose numbers lie in the file as in memory: the format is little-endian, and so is every platform Node runs on. */
const HOST_TYPES: Partial<Record<StoredDType, DType>> = {
  F64: "f64",
  F32: "f32",
  F16: "f16",
  I64: "i64",
  I32: "i32",
  I8: "i8",
  U8: "u8",
  BOOL: "bool",
};

type Widen = (bytes: ArrayBuffer, count: number, out: Float32Array) => void;

/** Float types and their way to fp32, through which every conversion goes. */
const WIDEN: Partial<Record<StoredDType, Widen>> = {
  F64: (bytes, count, out) => out.set(new Float64Array(bytes, 0, count)),
  F32: (bytes, count, out) => out.set(new Float32Array(bytes, 0, count)),
  F16: (bytes, count, out) => f16ToF32(new Uint16Array(bytes, 0, count), out),
  BF16: (bytes, count, out) => bf16ToF32(new Uint16Array(bytes, 0, count), out),
};

async function readAs(source: ByteSource, entry: TensorEntry, as: DType | "stored", inTurn: Limiter): Promise<Tensor> {
  const { name, dtype, shape, begin } = entry;
  const host = HOST_TYPES[dtype];
  const target = as !== "stored" ? as : dtype === "BF16" ? "f32" : host;
  const widen = WIDEN[dtype];
  if (target === undefined || (target !== host && widen === undefined)) {
    const wish = as === "stored" ? "" : ` as ${as}`;
    throw new InputError(`${source.name}: ${name}: numbers of type ${dtype} cannot be read${wish}`, {
      hint: "save the checkpoint as float32, float16 or bfloat16",
    });
  }
  const data = allocate(target, sizeOf(shape));
  // Tensors that are asked for at once all have memory before one is filled, which would hold up who asks for more.
  await Promise.resolve();
  if (target === host) await source.read(bytesOf(data), begin);
  else await inTurn(() => convert(source, entry, widen!, data as Float32Array | Uint16Array));
  return { dtype: target, shape, data };
}

/** Tensors of a file that are converted at a time: while one is converted, the next comes from the disk. */
const CONVERSIONS = 2;
/** Numbers converted at a time: the file's bytes never stand in memory as a second copy of the tensor. */
const PIECE_NUMBERS = 2 ** 20;

async function convert(
  source: ByteSource,
  { begin, end }: TensorEntry,
  widen: Widen,
  out: Float32Array | Uint16Array,
): Promise<void> {
  const width = (end - begin) / Math.max(1, out.length);
  const bytes = new Uint8Array(width * Math.min(PIECE_NUMBERS, out.length));
  const wide = new Float32Array(Math.min(PIECE_NUMBERS, out.length));
  for (let done = 0; done < out.length; done += PIECE_NUMBERS) {
    const part = out.subarray(done, done + PIECE_NUMBERS);
    await source.read(bytes.subarray(0, part.length * width), begin + done * width);
    if (part instanceof Float32Array) widen(bytes.buffer, part.length, part);
    else {
      widen(bytes.buffer, part.length, wide);
      f32ToF16(wide.subarray(0, part.length), part);
    }
  }
}
