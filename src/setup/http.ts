import { unescape as decodePercents } from "node:querystring"; // where decodeURIComponent throws it leaves what is there
import { setTimeout as sleep } from "node:timers/promises";
import { discard, readText } from "../http/body.ts";
import { HttpFault, lasting, networkFault, statusFault } from "../http/faults.ts";
import { append, bytesIn, rangeBehind } from "../http/partial-file.ts";
import { type HttpAnswer, openAgent, request } from "../http/request.ts";
import { type Reach, retrying } from "../http/retrying.ts";
import { InputError } from "../util/errors.ts";

/** A page of an index. */
export interface Page {
  /** Where it was found after all redirections: its links count from there. */
  readonly url: URL;
  readonly text: string;
  readonly type: string;
}

export interface FileRequest {
  readonly url: URL;
  /** Path of the file; what it has already is not fetched again, when the server can go on in the middle. */
  readonly file: string;
  /** That the file may have at most. */
  readonly maxBytes: number;
  /** Bytes there are of all; all is 0 when the server does not say. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** HTTP with the proxies of the environment and, for its own host only, the name and password of the index's address. */
export interface HttpClient extends AsyncDisposable {
  /** Undefined for a page that is not there. @throws InputError */
  page(url: URL, accept: string): Promise<Page | undefined>;
  /** @throws InputError for what the network does, after some attempts; an error of the file system as it is */
  save(request: FileRequest): Promise<void>;
}

const HOST_HINT =
  "check the network, the proxy (HTTPS_PROXY) and the index (--index, PIP_INDEX_URL); " +
  "a certificate of your own goes into NODE_EXTRA_CA_CERTS";
const ATTEMPTS = 5;

/** @param pauseMs before the second attempt; each further one waits twice as long */
export function openHttp(index: URL, signal?: AbortSignal, pauseMs = 1000): HttpClient {
  const dispatcher = openAgent({ redirections: 5 });
  const ask: Ask = (url, headers) =>
    request(withoutLogin(url), { dispatcher, headers: { ...login(url, index), ...headers }, signal }, indexFault);
  const pause = (_: HttpFault, before: number) => sleep(pauseMs * 2 ** before, undefined, signal && { signal });
  const retry = <T>(url: URL, work: (reach: Reach) => Promise<T>): Promise<T> =>
    retrying(work, { attempts: ATTEMPTS, pause, signal }).catch((fault: unknown) => {
      if (!(fault instanceof HttpFault)) throw fault;
      const shown = `${url.origin}${url.pathname}`; // in the rest may be a password, or a mirror's token
      throw new InputError(`${shown}: ${fault.message}`, { hint: HOST_HINT, cause: fault });
    });
  return {
    page: (url, accept) =>
      retry(url, async () => {
        const answer = await ask(url, { accept });
        if (answer.status === 404) return void (await discard(answer.body));
        if (answer.status !== 200) throw await refused(answer);
        const text = await readText(answer.body, "page");
        return { url: foundAt(url, answer.history!), text, type: answer.headers["content-type"] ?? "" };
      }),
    save: (wanted) => retry(wanted.url, (reach) => proceed(wanted, ask, reach)),
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

type Ask = (url: URL, headers: Readonly<Record<string, string>>) => Promise<HttpAnswer>;

/** One request for what a file lacks. */
async function proceed({ url, file, maxBytes, onProgress }: FileRequest, ask: Ask, reach: Reach): Promise<void> {
  const there = await bytesIn(file);
  const answer = await ask(url, { "accept-encoding": "identity", ...rangeBehind(there) });
  const { status, headers, body } = answer;
  try {
    if (status === 416 && there > 0) return; // nothing is left to fetch
    const continued = status === 206 && headers["content-range"]?.startsWith(`bytes ${there}-`);
    if (status !== 200 && !continued) throw await refused(answer);
    const kept = continued ? there : 0;
    const total = kept + Number(headers["content-length"] ?? 0);
    const onBytes = (done: number) => {
      reach(done);
      onProgress?.(done, Math.max(total, done));
    };
    await append(file, body, { kept, maxBytes, onBytes });
  } finally {
    body.destroy();
  }
}

/**
 * The last of the addresses that a request went to.
 * @throws HttpFault when one of them is open to change on the way, and the one that was asked for is not
 */
export function foundAt(asked: URL, history: readonly URL[]): URL {
  const isOpen = ({ protocol }: URL) => protocol !== "https:";
  if (!isOpen(asked) && history.some(isOpen)) throw lasting("the server leads from https to http");
  return history.at(-1) ?? asked;
}

async function refused({ status, headers, body }: HttpAnswer): Promise<HttpFault> {
  await discard(body);
  return statusFault(status, headers);
}

function withoutLogin(url: URL): URL {
  return Object.assign(new URL(url), { username: "", password: "" });
}

function login(url: URL, index: URL): Readonly<Record<string, string>> {
  const { username, password } = url.username || url.origin !== index.origin ? url : index;
  if (!username) return {};
  const text = [username, password].map((part) => decodePercents(part)).join(":");
  return { authorization: `Basic ${Buffer.from(text).toString("base64")}` };
}

const NOBODY_THERE: readonly unknown[] = ["ECONNREFUSED", "ENOTFOUND"];

/** Nobody is kept waiting for an index that is not there. */
function indexFault(error: unknown): HttpFault {
  const fault = networkFault(error);
  return NOBODY_THERE.includes((error as NodeJS.ErrnoException).code) ? lasting(fault.message) : fault;
}
