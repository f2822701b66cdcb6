import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** In memory where the system has such a place: no waiting for a disk to sync. */
export const FAST_FOLDER = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** An empty folder for the tests of a file or a describe, gone after them. */
export function workFolder(parent = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(join(parent, "amlc-test-")));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
