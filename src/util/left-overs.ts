import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isProcessAlive } from "./process-alive.ts";

/** As openFileAtomic names what is not whole yet: by the process that writes it. */
const BEGUN = /^(.*)\.(\d+)-[0-9a-f]{8}\.tmp$/s;

/**
 * Removes what writers of whole files had begun in a folder when they were killed. What a process of another machine writes
 * looks the same, so this is for the holder of a lock. A folder that is not there has nothing of the kind.
 * @param name only what was to become this file
 */
export async function sweepBegunFiles(folder: string, name?: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const found of names) {
    const [, target, pid] = BEGUN.exec(found) ?? [];
    if (target === undefined || (name ?? target) !== target || isProcessAlive(Number(pid))) continue;
    await rm(join(folder, found), { force: true });
  }
}
