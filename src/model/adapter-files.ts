import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkJson, parseJson } from "../formats/json.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import { encodeSafetensors } from "../formats/safetensors-write.ts";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import type { Tensor } from "../util/tensor.ts";
import { adapterConfigJson, adapterConfigSchema } from "./adapter-config.ts";
import { pairMatrices } from "./adapter-tensors.ts";
import type { Adapter, LoraConfig, LoraModule } from "./lora.ts";
import { type AdapterDialect, adapterKey } from "./weight-names.ts";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";

/** What a PEFT folder holds. */
export interface SavedAdapter {
  readonly config: LoraConfig;
  /** By canonical module path: A [r,in], B [out,r]. */
  readonly weights: Adapter;
  /** What PEFT calls `base_model_name_or_path`. */
  readonly base: string | null;
}

/**
 * Reads a PEFT folder, whichever release of transformers its keys were written with.
 * @throws InputError naming the file, and the setting that is not supported or the keys that make no adapter
 */
export async function readAdapter(folder: string): Promise<SavedAdapter> {
  const [config, weights] = await Promise.all([CONFIG, WEIGHTS].map((name) => readWhole(join(folder, name))));
  return decodeAdapter(folder, { [CONFIG]: config, [WEIGHTS]: weights });
}

/** As {@link readAdapter}, of files already in memory; `folder` stands for it in errors. */
export async function decodeAdapter(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<SavedAdapter> {
  const [configPath, weightsPath] = [join(folder, CONFIG), join(folder, WEIGHTS)];
  const json = parseJson(configPath, Buffer.from(files[CONFIG]).toString("utf8"));
  const { config, base } = checkJson(configPath, json, adapterConfigSchema);
  const weights = pairMatrices(weightsPath, await decodeSafetensors(weightsPath, files[WEIGHTS]), config.rank);
  return { config, weights, base };
}

/** The two files of a PEFT folder, for the newest transformers unless told otherwise. Same adapter, same bytes. */
export function encodeAdapter(
  { config, weights, base }: SavedAdapter,
  dialect: AdapterDialect = "transformers>=5.6",
): { readonly [CONFIG]: string; readonly [WEIGHTS]: Uint8Array } {
  const tensors = [...weights].flatMap(([path, { a, b }]): [string, Tensor][] => [
    [adapterKey(dialect, path, "A"), a],
    [adapterKey(dialect, path, "B"), b],
  ]);
  const json = adapterConfigJson(config, weights, base, dialect);
  return { [CONFIG]: `${JSON.stringify(json, null, 2)}\n`, [WEIGHTS]: encodeSafetensors(new Map(tensors)) };
}

/**
 * Every one of `modules` has its matrices in the adapter, in fitting shapes, and the adapter has no others: PEFT only warns
 * here, and then runs the base. @throws InputError naming the modules; `source` names the adapter.
 */
export function matchAdapter(source: string, weights: Adapter, modules: readonly LoraModule[]): void {
  const wanted = new Map(modules.map((module) => [module.path, module]));
  const missing = modules.filter(({ path }) => !weights.has(path)).map(({ path }) => path);
  const extra = [...weights.keys()].filter((path) => !wanted.has(path));
  if (missing.length + extra.length > 0) {
    const faults = [
      ...(missing.length > 0 ? [`it lacks ${missing.length} that lora.targets names: ${few(missing)}`] : []),
      ...(extra.length > 0 ? [`it has ${extra.length} that lora.targets does not name: ${few(extra)}`] : []),
    ];
    throw new InputError(`${source}: the adapter's modules are not the model's: ${faults.join("; ")}`, {
      hint: `set lora.targets to the target_modules of its ${CONFIG}, and use the base it was trained on`,
    });
  }
  for (const [path, { a, b }] of weights) {
    const module = wanted.get(path)!;
    if (a.shape[1] === module.in && b.shape[0] === module.out) continue;
    throw new InputError(
      `${source}: ${path}: maps ${a.shape[1]} to ${b.shape[0]} numbers, the base maps ${module.in} to ${module.out}`,
      { hint: "the adapter was trained on another base" },
    );
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "no such file" : `cannot be read: ${cause.message}`;
    throw new InputError(`${path}: ${reason}`, { hint: `an adapter is a folder with ${CONFIG} and ${WEIGHTS}`, cause });
  });
}
