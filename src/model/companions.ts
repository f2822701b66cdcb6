import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.ts";

/** The file by which a folder is a model: sizes and family. */
export const CONFIG = "config.json";

/** What makes weights a Hugging Face folder of PaliGemma. */
const COMPANIONS = [
  CONFIG,
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];

/** Those that a folder has, by name. The configuration does not say how weights were quantised: others will stand beside it. */
export async function readCompanions(folder: string): Promise<Record<string, Uint8Array>> {
  const names = COMPANIONS.filter((name) => existsSync(join(folder, name)));
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const));
  return Object.fromEntries(files.map(([name, data]) => [name, name === CONFIG ? ofPlainWeights(data) : data]));
}

/** Before a model is written. @throws InputError when one stands at `output`: it stays */
export function refuseModel(output: string): void {
  if (!existsSync(join(output, CONFIG))) return;
  throw new InputError(`${output}: there is a model already`, { hint: "choose another --output" });
}

function ofPlainWeights(data: Uint8Array): Uint8Array {
  const { quantization_config, ...config } = JSON.parse(Buffer.from(data).toString("utf8")) as Record<string, unknown>;
  return quantization_config === undefined ? data : encodeConfig(config);
}

/** A config.json that says the type of the weights: newer releases read `dtype`, older ones `torch_dtype`, of the whole and of each part. */
export function withDtype(data: Uint8Array, torch: string): Uint8Array {
  const config = JSON.parse(Buffer.from(data).toString("utf8")) as Record<string, unknown>;
  const renew = (part: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(part).map(([key, value]) => {
        if (key === "dtype" || key === "torch_dtype") return [key, torch];
        return [key, key === "text_config" || key === "vision_config" ? renew(value as typeof part) : value];
      }),
    );
  return encodeConfig(renew({ ...config, dtype: torch }));
}

/** As config.json is written. */
export const encodeConfig = (config: object): Uint8Array => Buffer.from(`${JSON.stringify(config, null, 2)}\n`);

/** Writes them, the configuration last: until then the folder is no model. Returns their names in that order. */
export async function writeCompanions(files: Readonly<Record<string, Uint8Array>>, folder: string): Promise<string[]> {
  const names = Object.keys(files).sort((a, b) => Number(a === CONFIG) - Number(b === CONFIG));
  for (const name of names) await writeFileAtomic(join(folder, name), files[name]!);
  return names;
}
