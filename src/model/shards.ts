import { access, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { readJson } from "../formats/json.ts";
import { openSafetensors, type SafetensorsFile } from "../formats/safetensors.ts";
import type { TensorEntry } from "../formats/safetensors-header.ts";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** A tensor and the file it is in; `entry.name` is the file's own spelling. */
export interface Place {
  readonly file: SafetensorsFile;
  readonly entry: TensorEntry;
}

/** A shard lies in the checkpoint's own folder: an index from elsewhere must not make us read other files. */
const shardName = z
  .string()
  .refine((name) => basename(name) === name && !name.includes("\\") && name.endsWith(".safetensors"), {
    error: ({ input }) => `${JSON.stringify(input)} is no name of a .safetensors file in this folder`,
  });
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), shardName) });

/**
 * Opens the weights of a checkpoint's folder: one file, shards with an index, or whatever .safetensors files there are.
 * The caller closes them. @throws InputError naming a missing shard, or a tensor that its shard lacks.
 */
export async function openShards(folder: string): Promise<readonly SafetensorsFile[]> {
  if (await exists(join(folder, SINGLE))) return openAll([join(folder, SINGLE)]);
  if (!(await exists(join(folder, INDEX)))) return openAll(await listWeights(folder));
  const { weight_map } = await readJson(join(folder, INDEX), indexSchema);
  const names = [...new Set(Object.values(weight_map))].sort();
  await requireShards(folder, names);
  const shards = await openAll(names.map((name) => join(folder, name)));
  try {
    requirePlaced(folder, weight_map, new Map(names.map((name, i) => [name, shards[i]])));
    return shards;
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

export async function closeAll(files: readonly SafetensorsFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.close()));
}

async function openAll(paths: readonly string[]): Promise<readonly SafetensorsFile[]> {
  const files: SafetensorsFile[] = [];
  try {
    for (const path of paths) files.push(await openSafetensors(path));
    return files;
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

async function listWeights(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  const weights = names.filter((name) => name.endsWith(".safetensors") && !name.startsWith("adapter_")).sort();
  if (weights.length > 0) return weights.map((name) => join(folder, name));
  const hint = names.includes("adapter_config.json")
    ? "this is an adapter: name its base checkpoint, and the adapter as lora.init_adapter"
    : "save the checkpoint with save_pretrained (safetensors), or fetch its weights too";
  throw new InputError(`${folder}: holds no ${SINGLE}, ${INDEX} or other .safetensors file`, { hint });
}

async function requireShards(folder: string, names: readonly string[]): Promise<void> {
  const present = await Promise.all(names.map((name) => exists(join(folder, name))));
  const missing = names.filter((_, i) => !present[i]);
  if (missing.length === 0) return;
  throw new InputError(`${join(folder, INDEX)}: ${missing.length} of ${names.length} shards missing: ${few(missing)}`, {
    hint: "fetch the missing files into the same folder",
  });
}

function requirePlaced(
  folder: string,
  places: Readonly<Record<string, string>>,
  shards: ReadonlyMap<string, SafetensorsFile>,
): void {
  const lost = Object.entries(places).filter(([tensor, shard]) => !shards.get(shard)!.entries.has(tensor));
  if (lost.length === 0) return;
  const names = lost.map(([tensor, shard]) => `${tensor} (in ${shard})`);
  throw new InputError(`${join(folder, INDEX)}: names tensors that their shards lack: ${few(names)}`, {
    hint: "index and shards are of different checkpoints: fetch them again together",
  });
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
