import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../util/files.ts";

/** What makes weights a Hugging Face folder of PaliGemma. */
const COMPANIONS = [
  "config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];

/** Those that a folder has, by name. */
export async function readCompanions(folder: string): Promise<Record<string, Uint8Array>> {
  const names = COMPANIONS.filter((name) => existsSync(join(folder, name)));
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const));
  return Object.fromEntries(files);
}

/** Writes them, the configuration last: until then the folder is no model. Returns their names in that order. */
export async function writeCompanions(files: Readonly<Record<string, Uint8Array>>, folder: string): Promise<string[]> {
  const names = Object.keys(files).sort((a, b) => Number(a === "config.json") - Number(b === "config.json"));
  for (const name of names) await writeFileAtomic(join(folder, name), files[name]!);
  return names;
}
