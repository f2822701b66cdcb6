import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { InputError } from "./errors.ts";

/**
 * Before anything is written: there is room for that many bytes where a file or folder is to be, which need not be there yet.
 * @throws InputError naming the bytes needed and those that are free
 */
export async function requireFreeDisk(path: string, bytes: number): Promise<void> {
  const free = await freeBytes(resolve(path));
  if (free === undefined || free >= bytes) return;
  const [needed, found] = [bytes, free].map((count) => `${count.toLocaleString("en")} bytes`);
  throw new InputError(`${path}: ${needed} are needed on that disk, ${found} are free`, {
    hint: `make room for ${((bytes - free) / 1e9).toFixed(2)} GB more, or choose a folder on another disk`,
  });
}

/** Of the disk that the nearest folder above is on; undefined where the system does not tell. */
async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (cause) {
    const above = dirname(path);
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT" && above !== path;
    return missing ? freeBytes(above) : undefined;
  }
}
