import { readdir } from "node:fs/promises";
import { type FolderLock, lockFolder } from "../../util/folder-lock.ts";

/** Makes this process the only one that answers a part. @throws InputError naming the one that does */
export function lockPart(work: string, part: number): Promise<FolderLock> {
  const does = `is answering part ${part}`;
  return lockFolder(work, { prefix: `part${part}`, does, instead: "choose another -o or --work" });
}

/** Removes the locks of processes that were killed. @throws InputError naming one that is still at work on its part */
export async function sweepPartLocks(work: string): Promise<void> {
  const parts = (await readdir(work)).flatMap((name) => /^part(\d+)-.*\.lock$/.exec(name)?.[1] ?? []);
  for (const part of new Set(parts)) (await lockPart(work, Number(part))).release();
}
