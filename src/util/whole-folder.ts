import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError, InterruptedError } from "./errors.ts";
import { makeFolder, makeOutputFolder } from "./files.ts";
import { type LockPurpose, lockFolder } from "./folder-lock.ts";

/**
 * Writes a folder that appears whole or not at all: `write` fills a folder beside it, which then takes its name. What stood
 * there before is replaced only if it holds the file `mark`, which `write` has to make: by that a folder is known as ours.
 * What a process that was killed has begun there goes first.
 * @param signal what `write` throws because it was aborted is an interruption
 * @throws InputError when something else stands at `folder`, or another process writes it; InterruptedError naming the folder
 */
export async function writeWholeFolder<T>(
  folder: string,
  mark: string,
  write: (fresh: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const path = resolve(folder); // what is beside "onnx/" is not in it
  await refuseForeign(path, mark);
  await makeOutputFolder(dirname(path));
  using _lock = await lockFolder(dirname(path), writing(basename(path)));
  await recover(path);
  const { fresh, old } = neighbours(path);
  try {
    await makeFolder(fresh);
    const result = await write(fresh);
    if (existsSync(path)) await rename(path, old);
    await rename(fresh, path);
    await rm(old, { recursive: true, force: true }).catch(() => {}); // what stays is removed by the next call
    return result;
  } catch (error) {
    await recover(path).catch(() => {});
    const isStop = error instanceof InterruptedError || (signal?.aborted && error === signal.reason);
    throw isStop ? new InterruptedError(`${folder}: stopped; nothing is written`) : error;
  }
}

/** For `write`, between two pieces of its work. @throws InterruptedError once the signal is aborted */
export function endIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new InterruptedError("stopped; nothing is written");
}

/** Names that nobody else gives to a folder: `merged.old` may be a user's own. */
const neighbours = (path: string) => ({ fresh: `${path}.amlc-new`, old: `${path}.amlc-old` });

/** Ends what was broken off: the folder is as it was before, and nothing is beside it. */
async function recover(path: string): Promise<void> {
  const { fresh, old } = neighbours(path);
  if (existsSync(path)) await rm(old, { recursive: true, force: true });
  else if (existsSync(old)) await rename(old, path);
  await rm(fresh, { recursive: true, force: true });
}

const NAME_LENGTH = 40;

function writing(name: string): LockPurpose {
  const letters = name.toLowerCase().replace(/[^a-z0-9]+/g, "_");
  return {
    prefix: `${letters.slice(0, NAME_LENGTH)}_new`,
    does: `is writing the folder ${name} here`,
    instead: "choose another --output",
  };
}

async function refuseForeign(path: string, mark: string): Promise<void> {
  if (!existsSync(path) || existsSync(join(path, mark))) return;
  const held = await readdir(path).catch(() => undefined);
  if (held?.length === 0) return;
  throw new InputError(`${path}: ${held ? "is a folder that holds something else" : "is no folder"}`, {
    hint: "choose another --output, or remove it",
  });
}
