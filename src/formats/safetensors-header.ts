import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { InputError } from "../util/errors.ts";
import type { Shape } from "../util/tensor.ts";
import type { ByteSource } from "./byte-source.ts";
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

const count = z.int().nonnegative();
/** Not z.record, which drops a tensor called `__proto__`. */
const objectSchema = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  { error: "wants an object of tensors" },
);
const metadataSchema = z.record(z.string(), z.string()).default({});
const entrySchema = z.object({
  dtype: z.enum(Object.keys(BITS) as StoredDType[], { error: ({ input }) => `unknown type ${JSON.stringify(input)}` }),
  shape: z.array(count),
  data_offsets: z.tuple([count, count]),
});

/**
 * Reads the header and checks it against itself and the size of the file: types known, lengths right, tensors side by side
 * without overlap or gap up to the last byte. @throws InputError naming file, tensor and numbers.
 */
export async function readHeader(source: ByteSource): Promise<Header> {
  const text = await readHeaderText(source);
  const name = `${source.name}: header`;
  const { __metadata__, ...tensors } = checkJson(name, parseJson(name, text), objectSchema);
  const dataStart = 8 + Buffer.byteLength(text);
  const entries = Object.entries(tensors).map(([key, value]) => parseEntry(`${name}: ${key}`, key, value, dataStart));
  checkLayout(source, entries, dataStart);
  return {
    metadata: checkJson(`${name}: __metadata__`, __metadata__, metadataSchema),
    entries: new Map(entries.map((entry) => [entry.name, entry])),
  };
}

/** The file begins with the header's length, 8 bytes. */
async function readHeaderText(source: ByteSource): Promise<string> {
  const length = Buffer.alloc(8);
  if (source.size >= 8) await source.read(length, 0);
  const claim = Number(length.readBigUInt64LE());
  if (claim > Math.min(HEADER_LIMIT, source.size - 8)) {
    const found = `it has ${source.size} bytes and claims a header of ${claim}`;
    throw new InputError(`${source.name}: is no safetensors file, or cut short: ${found}`, {
      hint: "fetch the file again; a file of a few lines is a Git LFS pointer (git lfs pull)",
    });
  }
  const header = Buffer.alloc(claim);
  await source.read(header, 8);
  if (!isUtf8(header)) throw new InputError(`${source.name}: header: is not text`);
  return header.toString("utf8");
}

function parseEntry(where: string, name: string, value: unknown, dataStart: number): TensorEntry {
  const { dtype, shape, data_offsets } = checkJson(where, value, entrySchema);
  const [begin, end] = data_offsets;
  const wanted = shape.reduce((n, d) => n * d, BITS[dtype] / 8);
  if (end - begin !== wanted) {
    const found = `data_offsets [${data_offsets}] span ${end - begin} bytes`;
    throw new InputError(`${where}: ${found}, ${dtype} [${shape}] wants ${wanted}`);
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function checkLayout({ name: file, size }: ByteSource, entries: readonly TensorEntry[], dataStart: number): void {
  let cursor = dataStart;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== cursor) {
      const fault = begin < cursor ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new InputError(`${file}: header: ${name}: starts at byte ${begin}, wanted ${cursor}: it ${fault}`);
    }
    cursor = end;
  }
  if (cursor === size) return;
  const fault = size < cursor ? "is cut short" : "goes on after its last tensor";
  throw new InputError(`${file}: ${fault}: it has ${size} bytes, its header promises ${cursor}`, {
    hint: "fetch or write the file again",
  });
}
