import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { afterAll } from "vitest";

/** Mounts a disk of two megabytes at `path` for the tests of a file; false where the system lets us not: it takes Linux and root. */
export function mountSmallDisk(path: string): boolean {
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", path], { stdio: "ignore" });
  } catch {
    return false;
  }
  afterAll(() => void execFileSync("umount", [path]));
  return true;
}
