import { type FileHandle, open } from "node:fs/promises";
import { InputError } from "../util/errors.ts";
import { allocate, type DataOf, type DType, sizeOf, type Tensor } from "../util/tensor.ts";
import { bf16ToF32, f16ToF32, f32ToF16 } from "./half.ts";
import { type Header, parseHeader, readHeaderBytes, type StoredDType, type TensorEntry } from "./safetensors-header.ts";

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
  const file = await openFile(path);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new InputError(`${path}: is not a file`);
    const header = parseHeader(path, await readHeaderBytes(file, path, stat.size), stat.size);
    const readTensor = (entry: TensorEntry, as: DType | "stored") => readAs({ file, path, entry }, as);
    // The overloads tie the element type to `as`; one implementation cannot say that.
    return { path, ...header, readTensor: readTensor as SafetensorsFile["readTensor"], close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** All tensors of a small file, in stored types. @throws InputError as {@link openSafetensors}. */
export async function readSafetensors(path: string): Promise<ReadonlyMap<string, Tensor>> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, Tensor>();
    for (const [name, entry] of file.entries) tensors.set(name, await file.readTensor(entry, "stored"));
    return tensors;
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw new InputError(`${path}: cannot be opened: ${(cause as Error).message}`, { cause });
  }
}

interface Source {
  readonly file: FileHandle;
  readonly path: string;
  readonly entry: TensorEntry;
}

/** Types whose numbers lie in the file as in memory: the format is little-endian, and so is every platform Node runs on. */
const HOST_TYPES: Partial<Record<StoredDType, DType>> = {
  F64: "f64",
  F32: "f32",
  F16: "f16",
  I64: "i64",
  I32: "i32",
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

async function readAs(source: Source, as: DType | "stored"): Promise<Tensor> {
  const { name, dtype, shape, begin } = source.entry;
  const host = HOST_TYPES[dtype];
  const target = as !== "stored" ? as : dtype === "BF16" ? "f32" : host;
  const widen = WIDEN[dtype];
  if (target === undefined || (target !== host && widen === undefined)) {
    const wish = as === "stored" ? "" : ` as ${as}`;
    throw new InputError(`${source.path}: ${name}: numbers of type ${dtype} cannot be read${wish}`, {
      hint: "save the checkpoint as float32, float16 or bfloat16",
    });
  }
  const data = allocate(target, sizeOf(shape));
  if (target === host) await fill(source, bytesOf(data), begin);
  else await convert(source, widen!, data as Float32Array | Uint16Array);
  return { dtype: target, shape, data };
}

/** Numbers converted at a time: the file's bytes never stand in memory as a second copy of the tensor. */
const PIECE_NUMBERS = 2 ** 20;

async function convert(source: Source, widen: Widen, out: Float32Array | Uint16Array): Promise<void> {
  const { begin, end } = source.entry;
  const width = (end - begin) / Math.max(1, out.length);
  const bytes = new Uint8Array(width * Math.min(PIECE_NUMBERS, out.length));
  const wide = new Float32Array(Math.min(PIECE_NUMBERS, out.length));
  for (let done = 0; done < out.length; done += PIECE_NUMBERS) {
    const part = out.subarray(done, done + PIECE_NUMBERS);
    await fill(source, bytes.subarray(0, part.length * width), begin + done * width);
    if (part instanceof Float32Array) widen(bytes.buffer, part.length, part);
    else {
      widen(bytes.buffer, part.length, wide);
      f32ToF16(wide.subarray(0, part.length), part);
    }
  }
}

/** One read call takes at most 2³¹−1 bytes; PaliGemma's embedding alone is longer. */
const PIECE_BYTES = 2 ** 30;

async function fill({ file, path }: Source, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(PIECE_BYTES, bytes.length - done), position + done);
    if (bytesRead === 0) throw new InputError(`${path}: became shorter while it was read`, { hint: "fetch it again" });
    done += bytesRead;
  }
}

const bytesOf = (data: DataOf[DType]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
