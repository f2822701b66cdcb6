import { join } from "node:path";
import type { StoredDType } from "../formats/safetensors-header.ts";
import { writeSafetensors } from "../formats/safetensors-stream.ts";
import { writeFileAtomic } from "../util/files.ts";
import { sizeOf } from "../util/tensor.ts";
import type { Parameter } from "./layers.ts";

export interface ShardOptions {
  readonly dtype: StoredDType;
  /** Bytes of a number. */
  readonly width: number;
  /** Bytes of a file at most, but for a single weight that is larger. */
  readonly shardBytes: number;
  /** A weight's numbers as they lie in the file; asked for when its turn has come. */
  readonly bytesOf: (parameter: Parameter) => Promise<Uint8Array>;
}

const SINGLE = "model.safetensors";

/**
 * Writes weights into a Hugging Face folder, one file or shards with an index, one weight at a time in memory.
 * @returns the names of the files
 * @throws InputError when one cannot be written; whatever `bytesOf` throws
 */
export async function writeShards(
  folder: string,
  parameters: readonly Parameter[],
  { dtype, width, shardBytes, bytesOf }: ShardOptions,
): Promise<string[]> {
  const sizeInFile = ({ shape }: Parameter) => width * sizeOf(shape);
  const shards = nameShards(cutShards(parameters, sizeInFile, shardBytes));
  for (const [name, own] of shards) await writeSafetensors(join(folder, name), own, { dtype, width }, bytesOf);
  if (shards.size === 1) return [...shards.keys()];
  const total = parameters.reduce((sum, parameter) => sum + sizeInFile(parameter), 0);
  return [...shards.keys(), await writeIndex(folder, shards, total)];
}

/** As they come; another file is begun when the next weight would not fit. */
function cutShards(
  parameters: readonly Parameter[],
  sizeInFile: (parameter: Parameter) => number,
  most: number,
): Parameter[][] {
  const shards: Parameter[][] = [[]];
  let bytes = 0;
  for (const parameter of parameters) {
    const size = sizeInFile(parameter);
    if (bytes > 0 && bytes + size > most) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(parameter);
    bytes += size;
  }
  return shards;
}

const digits = (n: number) => `${n}`.padStart(5, "0");

function nameShards(shards: readonly Parameter[][]): ReadonlyMap<string, readonly Parameter[]> {
  const nameOf = (i: number) => `model-${digits(i + 1)}-of-${digits(shards.length)}.safetensors`;
  return new Map(shards.map((shard, i) => [shards.length === 1 ? SINGLE : nameOf(i), shard]));
}

async function writeIndex(
  folder: string,
  shards: ReadonlyMap<string, readonly Parameter[]>,
  total: number,
): Promise<string> {
  const places = [...shards].flatMap(([file, parameters]) => parameters.map(({ name }) => [name, file] as const));
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places.sort()) };
  const name = `${SINGLE}.index.json`;
  await writeFileAtomic(join(folder, name), `${JSON.stringify(index, null, 2)}\n`);
  return name;
}
