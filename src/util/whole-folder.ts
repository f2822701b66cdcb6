import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError } from "./errors.ts";
import { makeFolder, makeOutputFolder } from "./files.ts";

/**
 * Writes a folder that appears whole or not at all: `write` fills a folder beside it, which then takes its name. What stood
 * there before is replaced only if it holds the file `mark`, which `write` has to make: by that a folder is known as ours.
 * @throws InputError when something else stands at `path`
 */
export async function writeWholeFolder<T>(
  folder: string,
  mark: string,
  write: (fresh: string) => Promise<T>,
): Promise<T> {
  const path = resolve(folder); // what is beside "onnx/" is not in it
  await refuseForeign(path, mark);
  await makeOutputFolder(dirname(path));
  const [fresh, old] = [`${path}.${process.pid}.new`, `${path}.${process.pid}.old`];
  try {
    await rm(fresh, { recursive: true, force: true });
    await makeFolder(fresh);
    const result = await write(fresh);
    const isThere = existsSync(path);
    if (isThere) await rename(path, old);
    await rename(fresh, path);
    if (isThere) await rm(old, { recursive: true, force: true });
    return result;
  } catch (error) {
    await rm(fresh, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

async function refuseForeign(path: string, mark: string): Promise<void> {
  if (!existsSync(path) || existsSync(join(path, mark))) return;
  const held = await readdir(path).catch(() => undefined);
  if (held?.length === 0) return;
  throw new InputError(`${path}: ${held ? "is a folder that holds something else" : "is no folder"}`, {
    hint: "choose another --output, or remove it",
  });
}
