import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

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
