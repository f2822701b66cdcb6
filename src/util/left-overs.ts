import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isProcessAlive } from "./process-alive.ts";

/** As openFileAtomic names what is not whole yet: by the process that writes it. */
const BEGUN = /^(.*)\.(\d+)-[0-9a-f]{8}\.tmp$/s;

/** Seconds after which nobody is still writing a file, for those who hold no lock: no command is silent for a day. */
export const LONG_SILENT = 24 * 60 * 60;

/**
 * Removes what writers of whole files had begun in a folder when they were killed. What a process of another machine writes
 * looks the same, so this is for the holder of a lock, or for files of {@link LONG_SILENT}. A folder that is not there has
 * nothing of the kind.
 * @param name only what was to become this file
 * @param silent only what was last written to so many seconds ago
 */
export async function sweepBegunFiles(folder: string, name?: string, silent = 0): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const found of names) {
    const [, target, pid] = BEGUN.exec(found) ?? [];
    if (target === undefined || (name ?? target) !== target || isProcessAlive(Number(pid))) continue;
    const path = join(folder, found);
    if (silent === 0 || (await secondsSilent(path)) >= silent) await rm(path, { force: true });
  }
}

/** 0 for a file that is gone. */
const secondsSilent = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => (Date.now() - mtimeMs) / 1000,
    () => 0,
  );
