import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { DataSettings } from "../../config/data-schema.ts";
import { HttpFault, lasting } from "../../http/faults.ts";
import { monotonicSeconds } from "../../util/clock.ts";
import type { Random } from "../../util/random.ts";
import type { AddressGuard } from "./address-guard.ts";
import type { ImageCheck } from "./check-image.ts";
import type { Answer, ImageFetcher } from "./fetch-image.ts";
import type { HostQueue } from "./host-queue.ts";
import { openableUrl } from "./link-url.ts";
import type { ManifestEntry } from "./manifest.ts";
import { type DownloadJob, failedEntry } from "./plan.ts";
import { pauseAfter } from "./retry.ts";

/** What the jobs of a download have in common. */
export interface Workplace {
  readonly folder: string;
  readonly settings: DataSettings["download"];
  readonly guard: AddressGuard;
  readonly fetcher: ImageFetcher;
  readonly check: ImageCheck;
  readonly queue: HostQueue<DownloadJob>;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** A new path in the folder, hidden, for a file that is not whole. */
  temporary(): string;
  /** Takes the end of a link's work. */
  finish(entry: ManifestEntry): void;
  note(text: string): void;
}

/**
 * Takes one step for one image: a request that ends with the file, with a redirect to follow, with a pause and a further
 * attempt, or with a reason why there is none. The host's place is given free before the image is decoded.
 * @throws an error of the file system as it is
 */
export async function workOn(place: Workplace, job: DownloadJob): Promise<void> {
  const temporary = place.temporary();
  const release = once(() => place.queue.release(job.host));
  try {
    const answer = await ask(place, job, temporary);
    release();
    if (answer === undefined) return;
    if (answer.kind === "redirect") return place.queue.addFirst(follow(place, job, answer.target));
    await place.check(temporary);
    await moveTo(temporary, join(place.folder, job.file));
    place.finish(okEntry(job, answer, job.attempt));
  } catch (error) {
    const removed = rm(temporary, { force: true }).catch(() => {}); // what stays is swept away by the next start
    try {
      if (!place.signal.aborted) settle(place, job, error); // or else given up, not failed
    } finally {
      await removed;
    }
  } finally {
    release();
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

/** Undefined when the file was there already. */
async function ask(place: Workplace, job: DownloadJob, temporary: string): Promise<Answer | undefined> {
  if (job.isThere && (await adopt(place, job))) return undefined;
  const url = openableUrl(job.url, place.guard);
  return place.fetcher.fetch({ url, file: temporary, signal: place.signal });
}

/** Takes a file that was copied here, or that was finished just before the program was killed, if it is a photograph. */
async function adopt(place: Workplace, job: DownloadJob): Promise<boolean> {
  const path = join(place.folder, job.file);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > place.settings.max_bytes) return false;
  try {
    await place.check(path);
  } catch (error) {
    if (error instanceof HttpFault) return false;
    throw error;
  }
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  place.finish(okEntry(job, { bytes: found.size, sha256: hash.digest("hex") }, 0));
  return true;
}

/** @throws HttpFault for too many redirects, a circle, or a target that may not be asked */
function follow({ guard, settings }: Workplace, job: DownloadJob, target: string): DownloadJob {
  const url = openableUrl(target, guard, job.url);
  const trail = [...job.trail, new URL(job.url).href];
  if (trail.includes(url.href)) throw lasting("it redirects in a circle");
  if (trail.length > settings.max_redirects) throw lasting(`it redirects more than ${settings.max_redirects} times`);
  return { ...job, host: url.host, url: url.href, trail, isThere: false };
}

/** Names that this file system cannot keep, or that a folder has. */
const NAME_CODES: ReadonlySet<unknown> = new Set(["ENAMETOOLONG", "EILSEQ", "EINVAL", "EISDIR"]);

async function moveTo(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    throw NAME_CODES.has(error.code) ? lasting(`no file of its name can be made here (${error.code})`) : error;
  });
}

/** Tries again, or writes down why not. The host is paused before its place is given free. */
function settle(place: Workplace, job: DownloadJob, fault: unknown): void {
  if (!(fault instanceof HttpFault)) throw fault;
  const { queue, settings } = place;
  const { link, file, attempt } = job;
  if (!fault.passing || attempt > settings.retries) {
    place.finish(failedEntry(link, file, fault.message, attempt));
    return;
  }
  const pause = pauseAfter(attempt, fault.retryAfter, settings, place.random);
  const due = monotonicSeconds() + pause;
  // A server that says when to come back says it for all that it is asked.
  const pauses = fault.retryAfter !== undefined && queue.pause(job.host, due);
  if (pauses && pause >= 1) place.note(`${job.host} asks for a pause of ${Math.round(pause)} s`);
  const again = { ...job, host: new URL(link).host, url: link, trail: [], attempt: attempt + 1, isThere: false };
  queue.addLater(again, due);
}

function okEntry(
  { link, file }: DownloadJob,
  image: { bytes: number; sha256: string },
  attempts: number,
): ManifestEntry {
  return { link, file, status: "ok", bytes: image.bytes, sha256: image.sha256, reason: null, attempts };
}
