import { statSync } from "node:fs";
import { join } from "node:path";
import { HttpFault, lasting } from "../../http/faults.ts";
import type { AddressGuard } from "./address-guard.ts";
import { fileNameOf, fileOwners } from "./file-names.ts";
import type { HostJob } from "./host-queue.ts";
import { openableUrl } from "./link-url.ts";
import type { Manifest, ManifestEntry } from "./manifest.ts";

/** An image to be fetched, and how far that is. */
export interface DownloadJob extends HostJob {
  readonly link: string;
  readonly file: string;
  /** Where to ask now; `host` is its host. */
  readonly url: string;
  /** Where redirects led from, the link first. */
  readonly trail: readonly string[];
  /** From 1. */
  readonly attempt: number;
  /** Whether a file of that name is there which no entry speaks of. */
  readonly isThere: boolean;
}

export interface DownloadPlan {
  readonly jobs: readonly DownloadJob[];
  /** Links whose files are there, as the manifest says. */
  readonly present: number;
  /** Links that are not worth a request. */
  readonly failures: readonly ManifestEntry[];
}

const NO_TRAIL: readonly string[] = [];

/**
 * What is to be done about each link, a list without duplicates.
 * @param names files in the folder
 */
export function planDownload(
  links: readonly string[],
  folder: string,
  names: readonly string[],
  manifest: Manifest,
  guard: AddressGuard,
): DownloadPlan {
  const held = new Set<string>();
  const owners = fileOwners();
  for (const entry of manifest.entries()) {
    if (isWhole(folder, entry) && !owners.claim(entry.file!, entry.link)) held.add(entry.link);
  }
  const unspoken = unspokenFiles(names, manifest);
  const missing = links.filter((link) => !held.has(link));
  const jobs: DownloadJob[] = [];
  const failures: ManifestEntry[] = [];
  for (const link of missing) {
    try {
      const { host } = openableUrl(link, guard);
      const file = fileNameOf(link);
      const owner = owners.claim(file, link);
      if (owner !== undefined) throw lasting(`its file name is that of ${owner}`);
      jobs.push({ link, file, host, url: link, trail: NO_TRAIL, attempt: 1, isThere: unspoken.has(file) });
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      failures.push(failedEntry(link, null, error.message, 0));
    }
  }
  return { jobs, present: links.length - missing.length, failures };
}

/** Files that no entry says are whole: copied by hand, or finished just before the program was killed. */
function unspokenFiles(names: readonly string[], manifest: Manifest): ReadonlySet<string> {
  const files = new Set(names);
  for (const { file, status } of manifest.entries()) if (file !== null && status === "ok") files.delete(file);
  return files;
}

export function failedEntry(link: string, file: string | null, reason: string, attempts: number): ManifestEntry {
  return { link, file, status: "failed", bytes: 0, sha256: null, reason, attempts };
}

/**
 * Whether an entry's file is there in its size. It is renamed into place before the entry is written; after a power cut it may
 * be short all the same.
 */
export function isWhole(folder: string, { status, file, bytes }: ManifestEntry): boolean {
  if (status !== "ok" || file === null) return false;
  return statSync(join(folder, file), { throwIfNoEntry: false })?.size === bytes;
}
