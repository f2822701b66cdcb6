import type { FileHandle } from "node:fs/promises";
import { z } from "zod";
import { InputError } from "../util/errors.ts";
import type { Shape } from "../util/tensor.ts";
import { checkJson, parseJson } from "./json.ts";

/** The format's own limit: a larger header is a lie about its length. */
const HEADER_LIMIT = 100_000_000;

/** Every element type of the format, in bits: https://github.com/huggingface/safetensors, safetensors/src/tensor.rs */
const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type StoredDType = keyof typeof BITS;

/** Where a tensor lies: bytes `begin` (inclusive) to `end` (exclusive) of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

/** The header's JSON, undecoded, from a file that begins with its length. @throws InputError when that length is a lie. */
export async function readHeaderBytes(file: FileHandle, path: string, fileBytes: number): Promise<Uint8Array> {
  const { buffer: start, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
  const length = Number(start.readBigUInt64LE());
  if (bytesRead < 8 || length > Math.min(HEADER_LIMIT, fileBytes - 8)) {
    throw new InputError(
      `${path}: is no safetensors file, or cut short: it has ${fileBytes} bytes and claims a header of ${length}`,
      { hint: "fetch the file again; a file of a few lines is a Git LFS pointer (git lfs pull)" },
    );
  }
  return (await file.read(Buffer.alloc(length), 0, length, 8)).buffer;
}

const count = z.int().nonnegative();
const metadataSchema = z.record(z.string(), z.string()).default({});
const entrySchema = z.object({
  dtype: z.enum(Object.keys(BITS) as StoredDType[], { error: ({ input }) => `unknown type ${JSON.stringify(input)}` }),
  shape: z.array(count),
  data_offsets: z.tuple([count, count]),
});

/**
 * The header's JSON, checked against itself and the size of the file: types known, lengths right, tensors side by side
 * without overlap or gap up to the last byte. @throws InputError naming file, tensor and numbers.
 */
export function parseHeader(path: string, bytes: Uint8Array, fileBytes: number): Header {
  const json = parseJson(`${path}: header`, new TextDecoder().decode(bytes));
  const { __metadata__, ...tensors } = checkJson(`${path}: header`, json, z.record(z.string(), z.unknown()));
  const dataStart = 8 + bytes.byteLength;
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(path, name, value, dataStart));
  checkLayout(path, entries, dataStart, fileBytes);
  return {
    metadata: checkJson(`${path}: header: __metadata__`, __metadata__, metadataSchema),
    entries: new Map(entries.map((entry) => [entry.name, entry])),
  };
}

function parseEntry(path: string, name: string, value: unknown, dataStart: number): TensorEntry {
  const { dtype, shape, data_offsets } = checkJson(`${path}: header: ${name}`, value, entrySchema);
  const [begin, end] = data_offsets;
  const wanted = shape.reduce((n, d) => n * d, BITS[dtype] / 8);
  if (end - begin !== wanted) {
    throw new InputError(
      `${path}: header: ${name}: data_offsets [${data_offsets}] span ${end - begin} bytes, ${dtype} [${shape}] wants ${wanted}`,
    );
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function checkLayout(path: string, entries: readonly TensorEntry[], dataStart: number, fileBytes: number): void {
  let cursor = dataStart;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== cursor) {
      const fault = begin < cursor ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new InputError(`${path}: header: ${name}: starts at byte ${begin}, wanted ${cursor}: it ${fault}`);
    }
    cursor = end;
  }
  if (cursor === fileBytes) return;
  const fault = fileBytes < cursor ? "is cut short" : "goes on after its last tensor";
  throw new InputError(`${path}: ${fault}: it has ${fileBytes} bytes, its header promises ${cursor}`, {
    hint: "fetch or write the file again",
  });
}
