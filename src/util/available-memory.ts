import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

/** Where Linux tells what a group of processes may have: version 2, and version 1 as containers show it. */
const GROUPS = [
  { folder: "/sys/fs/cgroup", limit: "memory.max", used: "memory.current", cache: "inactive_file" },
  {
    folder: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cache: "total_inactive_file",
  },
] as const;

/**
 * Bytes that this process could still take: those of the machine that are free or hold copies of files, and no more than a
 * container's limit leaves.
 * @param root in the place of the file system's root
 */
export function availableMemory(free: number = freemem(), root = "/"): number {
  const left = GROUPS.map(({ folder, limit, used, cache }) => {
    const read = (file: string) => readText(join(root, folder, file));
    const [most, taken] = [Number(read(limit) || "NaN"), Number(read(used) || "NaN")];
    const reclaimable = Number(new RegExp(`^${cache} (\\d+)$`, "m").exec(read("memory.stat"))?.[1] ?? 0);
    return most - taken + reclaimable;
  });
  return Math.max(0, Math.min(free, ...left.filter(Number.isFinite)));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
