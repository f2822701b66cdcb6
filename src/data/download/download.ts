import { setMaxListeners } from "node:events";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DataSettings } from "../../config/data-schema.ts";
import { parseDataSettings } from "../../config/load.ts";
import { InputError, InterruptedError } from "../../util/errors.ts";
import { makeFolder } from "../../util/files.ts";
import { type LockPurpose, lockFolder } from "../../util/folder-lock.ts";
import { random } from "../../util/random.ts";
import { linkOf } from "../image-links.ts";
import { type AddressGuard, guardAddresses } from "./address-guard.ts";
import { checkImages } from "./check-image.ts";
import { openFetcher } from "./fetch-image.ts";
import { MANIFEST } from "./file-names.ts";
import { HostQueue } from "./host-queue.ts";
import { type Workplace, workOn } from "./link-work.ts";
import { type ManifestEntry, openManifest } from "./manifest.ts";
import { type DownloadJob, type DownloadPlan, planDownload } from "./plan.ts";
import { type DownloadProgress, Tally } from "./tally.ts";
import { workThrough } from "./workers.ts";

export interface DownloadObserver {
  note?(text: string): void;
  downloaded?(progress: DownloadProgress): void;
}

export interface DownloadOptions {
  /** In any order; one that stands there twice is fetched once. */
  readonly links: readonly string[];
  /** Made if it is missing. */
  readonly folder: string;
  readonly settings: DataSettings["download"];
  readonly observer?: DownloadObserver;
  /** When aborted, requests on the way are given up, what is there is written down, and an InterruptedError is thrown. */
  readonly signal?: AbortSignal;
}

export interface DownloadReport {
  /** Different ones. */
  readonly links: number;
  readonly fetched: number;
  /** There already. */
  readonly present: number;
  readonly failed: number;
  /** Of the images fetched now. */
  readonly bytes: number;
  readonly seconds: number;
  /** Path of the manifest. */
  readonly manifest: string;
  /** Of these links, in their order. */
  readonly failures: readonly ManifestEntry[];
}

const DOWNLOADING: LockPurpose = {
  prefix: "downloader",
  does: "is downloading into this folder",
  instead: "choose another folder",
};
const GO_ON = "start the same command again: it fetches what is missing";

/**
 * Fetches the photographs of links into a folder, each named as training looks for it, and writes down in the folder's
 * `manifest.jsonl` what became of each link. A file is whole and a photograph, or it is not there. Started again, after
 * whatever end, it fetches what is missing. A server can make its own links fail, and nothing else.
 * @throws InputError when the folder cannot be written to, is full, is in use, or has a broken manifest;
 * InterruptedError when the signal ended it
 */
export async function downloadImages(options: DownloadOptions): Promise<DownloadReport> {
  const { download: settings } = parseDataSettings({ download: options.settings });
  return downloadGuarded({ ...options, settings }, guardAddresses(settings));
}

/** As {@link downloadImages}, under a guard that need not be the one of the settings. */
export async function downloadGuarded(options: DownloadOptions, guard: AddressGuard): Promise<DownloadReport> {
  const { folder, signal, observer } = options;
  const links = [...new Set(options.links.map(linkOf))];
  await makeFolder(folder).catch((cause) => {
    throw folderError(folder, cause);
  });
  using _lock = await lockFolder(folder, DOWNLOADING);
  const names = await sweep(folder);
  const manifest = await openManifest(join(folder, MANIFEST));
  const tally = new Tally(manifest, links.length, observer?.downloaded?.bind(observer));
  try {
    await fetchAll(options, planDownload(links, folder, names, manifest, guard), guard, tally);
  } catch (error) {
    await manifest.close(links).catch(() => {}); // its lines are there already
    throw isFileError(error) ? folderError(folder, error, tally) : error;
  }
  await manifest.close(links);
  if (signal?.aborted && !tally.isComplete) throw new InterruptedError(`${folder}: stopped; ${tally}`, GO_ON);
  const failures = links.flatMap((link) => manifest.get(link) ?? []).filter(({ status }) => status === "failed");
  return { ...tally.report(), links: links.length, manifest: join(folder, MANIFEST), failures };
}

async function fetchAll(
  options: DownloadOptions,
  plan: DownloadPlan,
  guard: AddressGuard,
  tally: Tally,
): Promise<void> {
  const { folder, settings, observer } = options;
  tally.begin(plan.present);
  for (const entry of plan.failures) tally.finish(entry);
  if (plan.present > 0)
    observer?.note?.(`${folder}: ${plan.present.toLocaleString("en")} photographs are there already`);
  using stop = stopWith(options.signal);
  const place = openPlace(options, guard, tally, stop.signal);
  for (const job of plan.jobs) place.queue.add(job);
  try {
    await workThrough(place.queue, settings.concurrency, (job) => workOn(place, job), stop.signal, stop.abort);
  } finally {
    await place.fetcher.close();
  }
}

function openPlace(
  { folder, settings, observer }: DownloadOptions,
  guard: AddressGuard,
  tally: Tally,
  signal: AbortSignal,
): Workplace {
  let count = 0;
  return {
    ...{ folder, settings, guard, signal },
    fetcher: openFetcher(settings, guard),
    queue: new HostQueue<DownloadJob>(settings.per_host),
    check: checkImages(settings.max_pixels),
    random: random(0, "download pauses"),
    temporary: () => join(folder, `.download-${++count}.part`),
    finish: (entry) => tally.finish(entry),
    note: (text) => observer?.note?.(text),
  };
}

/** Aborts by itself or with `outer`. */
function stopWith(outer: AbortSignal | undefined) {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // one for each request on the way
  const abort = () => controller.abort();
  if (outer?.aborted) abort();
  outer?.addEventListener("abort", abort);
  return { signal: controller.signal, abort, [Symbol.dispose]: () => outer?.removeEventListener("abort", abort) };
}

const LEFT_OVER = /^\.download-\d+\.part$|^manifest\.jsonl\.[\w-]+\.tmp$/;

/** Removes what a killed download left half written. @returns the other files */
async function sweep(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  for (const name of names.filter((name) => LEFT_OVER.test(name))) await rm(join(folder, name), { force: true });
  return names.filter((name) => !LEFT_OVER.test(name));
}

/** Whatever the network does has become a fault of a link before. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}

function folderError(folder: string, cause: NodeJS.ErrnoException, tally?: Tally): InputError {
  const message = [`${folder}: could not be written to: ${cause.message}`, ...(tally ? [String(tally)] : [])].join(
    "; ",
  );
  return new InputError(message, { hint: `${adviceFor(cause.code)}${tally ? `, then ${GO_ON}` : ""}`, cause });
}

function adviceFor(code: string | undefined): string {
  if (code === "ENOSPC" || code === "EDQUOT") return "make room on that disk";
  if (code === "EMFILE" || code === "ENFILE") return "lower download.concurrency, or allow more open files (ulimit -n)";
  return "choose a folder that you may write to";
}
