import { join } from "node:path";
import { encodeAdapter, type SavedAdapter } from "../model/adapter-files.ts";
import type { AdapterDialect } from "../model/weight-names.ts";
import { writeFileAtomic } from "../util/files.ts";

/** Writes an adapter as PEFT has it, with the module names of a release of transformers. Returns the files' names. */
export async function writeAdapter(folder: string, adapter: SavedAdapter, dialect: AdapterDialect): Promise<string[]> {
  const files = Object.entries(encodeAdapter(adapter, dialect));
  for (const [name, data] of files) await writeFileAtomic(join(folder, name), data);
  return files.map(([name]) => name);
}
