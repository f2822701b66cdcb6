import { f32ToBf16, f32ToF16 } from "../formats/half.ts";
import type { StoredDType } from "../formats/safetensors-header.ts";
import { CONFIG, readCompanions, withDtype, writeCompanions } from "../model/companions.ts";
import type { Parameter } from "../model/layers.ts";
import { writeShards } from "../model/write-shards.ts";
import { InputError } from "../util/errors.ts";
import { bytesOf, sizeOf } from "../util/tensor.ts";
import { endIfStopped } from "../util/whole-folder.ts";
import type { MergedWeights } from "./merged-weights.ts";

export const MERGED_DTYPES = ["fp32", "fp16", "bf16"] as const;
/** Type of the weights in the files. */
export type MergedDtype = (typeof MERGED_DTYPES)[number];

interface Rounding {
  readonly dtype: StoredDType;
  /** Bytes of a number. */
  readonly width: number;
  /** As transformers calls it. */
  readonly torch: string;
  round(numbers: Float32Array): Float32Array | Uint16Array;
}

const ROUNDINGS: Readonly<Record<MergedDtype, Rounding>> = {
  fp32: { dtype: "F32", width: 4, torch: "float32", round: (numbers) => numbers },
  fp16: { dtype: "F16", width: 2, torch: "float16", round: (numbers) => f32ToF16(numbers) },
  bf16: { dtype: "BF16", width: 2, torch: "bfloat16", round: (numbers) => f32ToBf16(numbers) },
};

export interface WriteMergedOptions {
  readonly dtype: MergedDtype;
  /** Bytes of a file of weights at most, but for a single weight that is larger; by default 5 GB, as on the hub. */
  readonly shardBytes?: number;
  /** Told of the bytes of weights that are written, of all. */
  readonly onWritten?: (done: number, total: number) => void;
  /** Ends the work between two weights. */
  readonly signal?: AbortSignal;
}

export interface MergedFiles {
  readonly parameters: number;
  /** Of the weights. */
  readonly bytes: number;
  readonly files: readonly string[];
}

const SHARD_BYTES = 5e9;

/**
 * Writes weights as a Hugging Face folder, under the names of the hub's files, which every release of transformers reads. One
 * weight at a time is in memory. The configuration is written last, and says the type that the weights have.
 * @throws InputError when a number is beyond the type, or a file cannot be written; InterruptedError
 */
export async function writeMerged(
  folder: string,
  weights: MergedWeights,
  { dtype, shardBytes = SHARD_BYTES, onWritten, signal }: WriteMergedOptions,
): Promise<MergedFiles> {
  const rounding = ROUNDINGS[dtype];
  const total = weights.parameters.reduce((sum, { shape }) => sum + rounding.width * sizeOf(shape), 0);
  let done = 0;
  const round = async (parameter: Parameter): Promise<Uint8Array> => {
    endIfStopped(signal);
    const { data } = await weights.read(parameter);
    const numbers = rounding.round(data);
    if (dtype === "fp16") requireInRange(parameter.name, numbers as Uint16Array);
    done += numbers.byteLength;
    onWritten?.(done, total);
    return bytesOf(numbers);
  };
  const shards = await writeShards(folder, weights.parameters, { ...rounding, shardBytes, bytesOf: round });
  const companions = await readCompanions(weights.folder);
  const config = withDtype(companions[CONFIG]!, rounding.torch);
  const names = await writeCompanions({ ...companions, [CONFIG]: config }, folder);
  return { parameters: total / rounding.width, bytes: total, files: [...shards, ...names] };
}

function requireInRange(name: string, halves: Uint16Array): void {
  let beyond = 0;
  for (let i = 0; i < halves.length; i++) if ((halves[i] & 0x7c00) === 0x7c00) beyond++;
  if (beyond === 0) return;
  throw new InputError(`${name}: ${beyond} of ${halves.length} numbers are beyond fp16's ±65504`, {
    hint: "write it as bf16 or fp32",
  });
}
