import { join } from "node:path";
import {
  type NumberFormat,
  type PlannedTensor,
  writeMixedSafetensors,
  writeSafetensors,
} from "../formats/safetensors-stream.ts";
import { writeFileAtomic } from "../util/files.ts";
import { sizeOf } from "../util/tensor.ts";
import type { Parameter } from "./layers.ts";

export interface ShardOptions extends NumberFormat, ShardSize {
  /** A weight's numbers as they lie in the file; asked for when its turn has come. */
  readonly bytesOf: (parameter: Parameter) => Promise<Uint8Array>;
}

interface ShardSize {
  /** Bytes of a file at most, but for a single weight that is larger. */
  readonly shardBytes: number;
}

const SINGLE = "model.safetensors";

/**
 * Writes weights into a Hugging Face folder, one file or shards with an index, one weight at a time in memory.
 * @returns the names of the files
 * @throws InputError when one cannot be written; whatever `bytesOf` throws
 */
export function writeShards(
  folder: string,
  parameters: readonly Parameter[],
  { dtype, width, shardBytes, bytesOf }: ShardOptions,
): Promise<string[]> {
  const bytesIn = ({ shape }: Parameter) => width * sizeOf(shape);
  return writeEach(folder, parameters, { shardBytes, bytesIn }, (path, own) =>
    writeSafetensors(path, own, { dtype, width }, bytesOf),
  );
}

export interface MixedShardOptions<T> extends ShardSize {
  readonly formatOf: (tensor: T) => NumberFormat;
  /** A tensor's numbers as they lie in the file; asked for when its turn has come, in the order of the tensors. */
  readonly bytesOf: (tensor: T) => Promise<Uint8Array>;
}

/** The same for tensors of several types. */
export function writeMixedShards<T extends PlannedTensor>(
  folder: string,
  tensors: readonly T[],
  { shardBytes, formatOf, bytesOf }: MixedShardOptions<T>,
): Promise<string[]> {
  const bytesIn = (tensor: T) => formatOf(tensor).width * sizeOf(tensor.shape);
  return writeEach(folder, tensors, { shardBytes, bytesIn }, (path, own) =>
    writeMixedSafetensors(path, own, formatOf, bytesOf),
  );
}

async function writeEach<T extends PlannedTensor>(
  folder: string,
  tensors: readonly T[],
  { shardBytes, bytesIn }: ShardSize & { readonly bytesIn: (tensor: T) => number },
  write: (path: string, own: readonly T[]) => Promise<void>,
): Promise<string[]> {
  const shards = nameShards(cutShards(tensors, bytesIn, shardBytes));
  for (const [name, own] of shards) await write(join(folder, name), own);
  if (shards.size === 1) return [...shards.keys()];
  const total = tensors.reduce((sum, tensor) => sum + bytesIn(tensor), 0);
  return [...shards.keys(), await writeIndex(folder, shards, total)];
}

/** As they come; another file is begun when the next tensor would not fit. */
function cutShards<T>(tensors: readonly T[], bytesIn: (tensor: T) => number, most: number): T[][] {
  const shards: T[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const size = bytesIn(tensor);
    if (bytes > 0 && bytes + size > most) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(tensor);
    bytes += size;
  }
  return shards;
}

const digits = (n: number) => `${n}`.padStart(5, "0");

function nameShards<T>(shards: readonly T[][]): ReadonlyMap<string, readonly T[]> {
  const nameOf = (i: number) => `model-${digits(i + 1)}-of-${digits(shards.length)}.safetensors`;
  return new Map(shards.map((shard, i) => [shards.length === 1 ? SINGLE : nameOf(i), shard]));
}

async function writeIndex(
  folder: string,
  shards: ReadonlyMap<string, readonly PlannedTensor[]>,
  total: number,
): Promise<string> {
  const places = [...shards].flatMap(([file, tensors]) => tensors.map(({ name }) => [name, file] as const));
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places.sort()) };
  const name = `${SINGLE}.index.json`;
  await writeFileAtomic(join(folder, name), `${JSON.stringify(index, null, 2)}\n`);
  return name;
}
