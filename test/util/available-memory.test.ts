import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { availableMemory } from "../../src/util/available-memory.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

/** A file system whose root has a group's files. */
function root(name: string, under: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(join(path, under), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, under, file), `${text}\n`);
  return path;
}

test("without a limit it is what the machine has", () => {
  expect(availableMemory(7000, join(folder, "none"))).toBe(7000);
  const unlimited = root("max", "sys/fs/cgroup", { "memory.max": "max", "memory.current": "5000" });
  expect(availableMemory(7000, unlimited)).toBe(7000);
});

test("a container's limit counts, and copies of files that would make room do not", () => {
  const second = root("v2", "sys/fs/cgroup", {
    "memory.max": "6000",
    "memory.current": "5000",
    "memory.stat": "anon 3000\ninactive_file 1500",
  });
  expect(availableMemory(7000, second)).toBe(2500);
  expect(availableMemory(2000, second)).toBe(2000);
  const first = root("v1", "sys/fs/cgroup/memory", {
    "memory.limit_in_bytes": "4000",
    "memory.usage_in_bytes": "5000",
    "memory.stat": "total_inactive_file 500",
  });
  expect(availableMemory(7000, first)).toBe(0);
});
