import { lstat, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { InputError } from "../util/errors.ts";
import type { LockPurpose } from "../util/folder-lock.ts";

/** One setup at a time. */
export const SETTING_UP: LockPurpose = {
  prefix: "setup",
  does: "is setting up TensorFlow there",
  instead: "set AMLC_CACHE to another folder",
};
export const GO_ON = "start the same command again: what was fetched is there";
export const UNHARMED = "an earlier installation, if there is one, still works";

/** What a setup makes in the home. Whatever else lies there is not ours: AMLC_CACHE may name any folder. */
const MADE = /^(\d[\w.+]*-(cpu|gpu)|downloads|sources|ziglang|compiler-cache|current\.json.*)$/;

/** Of what setups have made stay what is in use and the few sources. */
export async function tidyHome(home: string, folder: string): Promise<void> {
  await removeMade(home, [basename(folder), "current.json", "sources"]);
}

/** Removes what setups have made. @returns whether there was more than empty folders, which one that failed leaves */
export async function removeMade(home: string, kept: readonly string[] = []): Promise<boolean> {
  const names = (await readdir(home)).filter((name) => MADE.test(name) && !kept.includes(name));
  const paths = names.map((name) => join(home, name));
  const hadFiles = await Promise.all(paths.map(hasFile));
  for (const path of paths) await rm(path, { recursive: true, force: true });
  return hadFiles.includes(true);
}

/** Whether it is a file, or a folder with one at any depth. */
async function hasFile(path: string): Promise<boolean> {
  if (!(await lstat(path)).isDirectory()) return true;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.some((entry) => !entry.isDirectory());
}

/** What the file system refused, in words for a setup, also where it had other words before; other errors as they are. */
export function explainFileError(home: string, error: unknown): unknown {
  const cause = error instanceof InputError ? error.cause : error;
  if (!(cause instanceof Error && "syscall" in cause && "code" in cause)) return error;
  const full = cause.code === "ENOSPC" || cause.code === "EDQUOT";
  const room = "make room on that disk (some 2 GB, with --gpu 10 GB), or set AMLC_CACHE to a folder on another";
  return new InputError(`${home}: could not be written to: ${cause.message}`, {
    hint: `${full ? room : "choose a folder that you may write to with AMLC_CACHE"}; then ${GO_ON}; ${UNHARMED}`,
    cause,
  });
}
