import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { Agent } from "undici";
import type { DataSettings } from "../../config/data-schema.ts";
import { chunksOf, discard, fileTooLarge } from "../../http/body.ts";
import { lasting, passing, statusFault } from "../../http/faults.ts";
import { type HttpAnswer, redirectTarget, request } from "../../http/request.ts";
import type { AddressGuard } from "./address-guard.ts";

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
   * @throws HttpFault for whatever the server or the way to it does; an error of the file system as it is
   */
  fetch(request: ImageRequest): Promise<Answer>;
  close(): Promise<void>;
}

const HEADERS = { accept: "*/*", "accept-encoding": "identity" };

/** Connections that are kept and used again, each opened to an address that the guard has judged. */
export function openFetcher(settings: Settings, guard: AddressGuard): ImageFetcher {
  const dispatcher = new Agent({
    connections: settings.per_host,
    connect: { lookup: guard.lookup, timeout: 1000 * settings.connect_timeout_s },
    headersTimeout: 1000 * settings.header_timeout_s,
    bodyTimeout: 0, // that of undici begins anew with every byte
  });
  return {
    async fetch({ url, file, signal }) {
      using limit = timeLimit(settings.body_timeout_s, signal);
      const answer = await request(url, { dispatcher, headers: HEADERS, signal: limit.signal });
      try {
        return (await elsewhere(answer, settings)) ?? (await save(answer.body, file, settings.max_bytes));
      } finally {
        answer.body.destroy();
      }
    },
    close: () => dispatcher.destroy(),
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

/** Undefined when the body is the image. */
async function elsewhere(answer: HttpAnswer, { max_bytes: maxBytes }: Settings): Promise<Answer | undefined> {
  const { status, headers, body } = answer;
  if (status !== 200) {
    await discard(body);
    const target = redirectTarget(answer);
    if (target === undefined) throw statusFault(status, headers);
    return { kind: "redirect", target };
  }
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw lasting(fileTooLarge(maxBytes));
  return undefined;
}

async function save(body: HttpAnswer["body"], path: string, maxBytes: number): Promise<Answer> {
  const file = await open(path, "wx");
  try {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of chunksOf(body, { maxBytes })) {
      bytes += chunk.length;
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    return { kind: "file", bytes, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}
