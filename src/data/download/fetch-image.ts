import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { STATUS_CODES } from "node:http";
import { Agent, type Dispatcher, request } from "undici";
import type { DataSettings } from "../../config/data-schema.ts";
import { timestamp } from "../../util/clock.ts";
import { parseRetryAfter } from "../../util/network.ts";
import { readManifest } from "../../util/package.ts";
import type { AddressGuard } from "./address-guard.ts";
import { networkChunks } from "./body.ts";
import { type LinkFault, lasting, networkFault, passing } from "./faults.ts";
import { isPassingStatus } from "./retry.ts";

type Settings = DataSettings["download"];

/** A file that came whole, or another place to look for it. */
export type Answer =
  | { readonly kind: "file"; readonly bytes: number; readonly sha256: string }
  | { readonly kind: "redirect"; readonly target: string };

/** One request for an image. */
export interface ImageRequest {
  readonly url: URL;
  /** Path of the file to write; whoever asks removes it after a fault. */
  readonly file: string;
  readonly signal: AbortSignal;
}

export interface ImageFetcher {
  /**
   * Makes one request and streams what comes into a file.
   * @throws LinkFault for whatever the server or the way to it does; an error of the file system as it is
   */
  fetch(request: ImageRequest): Promise<Answer>;
  close(): Promise<void>;
}

const HEADERS = { "user-agent": `amlc/${readManifest().version}`, accept: "*/*", "accept-encoding": "identity" };
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What is read of an answer that is not wanted, so that its connection can be used again. */
const SPARE_BYTES = 64 * 2 ** 10;

/** Connections that are kept and used again, each opened to an address that the guard has judged. */
export function openFetcher(settings: Settings, guard: AddressGuard): ImageFetcher {
  const agent = new Agent({
    connections: settings.per_host,
    connect: { lookup: guard.lookup, timeout: 1000 * settings.connect_timeout_s },
    headersTimeout: 1000 * settings.header_timeout_s,
    bodyTimeout: 0, // that of undici begins anew with every byte
  });
  return {
    async fetch({ url, file, signal }) {
      using limit = timeLimit(settings.body_timeout_s, signal);
      const answer = await fromNetwork(() =>
        request(url, { dispatcher: agent, headers: HEADERS, signal: limit.signal }),
      );
      answer.body.on("error", () => {}); // it is thrown as well
      try {
        return (await elsewhere(answer, settings)) ?? (await save(answer.body, file, settings.max_bytes));
      } finally {
        answer.body.destroy();
      }
    },
    close: () => agent.destroy(),
  };
}

/** Aborts when the time is over or `outer` is aborted. */
function timeLimit(seconds: number, outer: AbortSignal): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const forward = () => controller.abort(outer.reason);
  const expire = () => controller.abort(passing(`the whole answer took longer than ${seconds} s`));
  const timer = setTimeout(expire, 1000 * seconds);
  outer.addEventListener("abort", forward);
  if (outer.aborted) forward();
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      outer.removeEventListener("abort", forward);
    },
  };
}

async function fromNetwork<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw networkFault(error);
  }
}

/** Undefined when the body is the image. */
async function elsewhere(
  answer: Dispatcher.ResponseData,
  { max_bytes: maxBytes }: Settings,
): Promise<Answer | undefined> {
  const { statusCode, headers, body } = answer;
  if (statusCode !== 200) {
    await fromNetwork(() => body.dump({ limit: SPARE_BYTES }));
    const target = first(headers.location);
    if (REDIRECTS.has(statusCode) && target !== undefined) return { kind: "redirect", target };
    throw statusFault(statusCode, first(headers["retry-after"]));
  }
  if (Number(first(headers["content-length"]) ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return undefined;
}

const first = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header);

function statusFault(status: number, retryAfter: string | undefined): LinkFault {
  const reason = `the server answered ${[status, STATUS_CODES[status]].join(" ").trim()}`;
  if (!isPassingStatus(status)) return lasting(reason);
  return passing(reason, parseRetryAfter(retryAfter, Date.parse(timestamp())));
}

const tooLarge = (maxBytes: number) => lasting(`the file is larger than ${maxBytes} bytes`);

async function save(body: Dispatcher.ResponseData["body"], path: string, maxBytes: number): Promise<Answer> {
  const file = await open(path, "wx");
  try {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of networkChunks(body)) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    return { kind: "file", bytes, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}
