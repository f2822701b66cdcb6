import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DataSettings, DataSettingsSchema } from "../../src/config/data-schema.ts";
import { type AddressGuard, guardAddresses } from "../../src/data/download/address-guard.ts";
import { type DownloadOptions, type DownloadReport, downloadGuarded } from "../../src/data/download/download.ts";

type Settings = DataSettings["download"];

/** Pauses too short to wait for; time limits as users have them, unless a test is about one. */
const QUICK = { backoff_s: 0.01, max_pause_s: 0.1, retries: 3 };

export function downloadSettings(changed: Partial<Settings> = {}): Settings {
  return DataSettingsSchema.parse({ download: { ...QUICK, ...changed } }).download;
}

/** The real guard, but for hosts on this machine that the test has started. */
export function guardBut(hosts: readonly string[], settings: Settings): AddressGuard {
  const guard = guardAddresses(settings);
  return { ...guard, check: (url) => (hosts.includes(url.host) ? undefined : guard.check(url)) };
}

/** A download as the command makes it, that may also ask some hosts on this machine. */
export function download(
  hosts: readonly string[],
  options: Omit<DownloadOptions, "settings"> & { readonly settings?: Partial<Settings> },
): Promise<DownloadReport> {
  const settings = downloadSettings(options.settings);
  return downloadGuarded({ ...options, settings }, guardBut(hosts, settings));
}

/** Names in a folder without the manifest's. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name !== "manifest.jsonl")
    .sort();
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function sha256Of(folder: string, file: string): string {
  return sha256(readFileSync(join(folder, file)));
}
