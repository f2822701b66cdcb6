import { open, stat } from "node:fs/promises";
import { STATUS_CODES } from "node:http";
import { unescape as decodePercents } from "node:querystring"; // where decodeURIComponent throws it leaves what is there
import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, EnvHttpProxyAgent, interceptors, request } from "undici";
import { networkChunks, readPage } from "../data/download/body.ts";
import { LinkFault, lasting, networkFault, passing } from "../data/download/faults.ts";
import { isPassingStatus } from "../data/download/retry.ts";
import { InputError } from "../util/errors.ts";
import { readManifest } from "../util/package.ts";
import { proxies } from "../util/proxies.ts";

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
  const limits = { headersTimeout: 60e3, bodyTimeout: 60e3, connect: { timeout: 30e3 } };
  const agent = new EnvHttpProxyAgent({ ...limits, ...proxies() });
  const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 5 }));
  const agentName = { "user-agent": `amlc/${readManifest().version}` };
  const ask: Ask = (url, headers) =>
    fromNetwork(() => {
      const all = { ...agentName, ...login(url, index), ...headers };
      return request(withoutLogin(url), { dispatcher, headers: all, ...(signal && { signal }) });
    });
  /** `moved` says how far the work has come: an attempt that moved it is the first again. */
  const retry = async <T>(url: URL, work: () => Promise<T>, moved = () => 0): Promise<T> => {
    for (let attempt = 1, before = moved(); ; attempt++) {
      try {
        return await work();
      } catch (fault) {
        if (signal?.aborted || !(fault instanceof LinkFault)) throw fault;
        if (moved() > before) attempt = 1;
        before = moved();
        if (!fault.passing || attempt >= ATTEMPTS) {
          const shown = `${url.origin}${url.pathname}`; // in the rest may be a password, or a mirror's token
          throw new InputError(`${shown}: ${fault.message}`, { hint: HOST_HINT, cause: fault });
        }
        await sleep(pauseMs * 2 ** (attempt - 1), undefined, signal && { signal });
      }
    }
  };
  return {
    page: (url, accept) =>
      retry(url, async () => {
        const { statusCode, headers, body, context } = await ask(url, { accept });
        if (statusCode === 404) return void (await fromNetwork(() => body.dump()));
        if (statusCode !== 200) throw await refused(statusCode, body);
        body.on("error", () => {}); // it is thrown as well
        const text = await readPage(body);
        const found = foundAt(url, (context as { history: readonly URL[] }).history);
        return { url: found, text, type: String(headers["content-type"] ?? "") };
      }),
    save(wanted) {
      let bytes = 0;
      const onProgress = (done: number, total: number) => {
        bytes = done;
        wanted.onProgress?.(done, total);
      };
      return retry(
        wanted.url,
        () => proceed({ ...wanted, onProgress }, ask),
        () => bytes,
      );
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

type Ask = (url: URL, headers: Readonly<Record<string, string>>) => Promise<Dispatcher.ResponseData>;

/** One request for what a file lacks. */
async function proceed({ url, file, maxBytes, onProgress }: FileRequest, ask: Ask): Promise<void> {
  const there = await sizeOf(file);
  const answer = await ask(url, {
    "accept-encoding": "identity",
    ...(there > 0 && { range: `bytes=${there}-` }),
  });
  const { statusCode, headers, body } = answer;
  body.on("error", () => {}); // it is thrown as well
  try {
    if (statusCode === 416 && there > 0) return; // nothing is left to fetch
    const continued = statusCode === 206 && String(headers["content-range"]).startsWith(`bytes ${there}-`);
    if (statusCode !== 200 && !continued) throw await refused(statusCode, body);
    let done = continued ? there : 0;
    const total = done + Number(headers["content-length"] ?? 0);
    await using handle = await open(file, continued ? "a" : "w");
    for await (const chunk of networkChunks(body)) {
      done += chunk.length;
      if (done > maxBytes) throw lasting(`the file is larger than ${maxBytes} bytes`);
      await handle.writeFile(chunk);
      onProgress?.(done, Math.max(total, done));
    }
    await handle.sync();
  } finally {
    body.destroy();
  }
}

/**
 * The last of the addresses that a request went to.
 * @throws LinkFault when one of them is open to change on the way, and the one that was asked for is not
 */
export function foundAt(asked: URL, history: readonly URL[]): URL {
  const isOpen = ({ protocol }: URL) => protocol !== "https:";
  if (!isOpen(asked) && history.some(isOpen)) throw lasting("the server leads from https to http");
  return history.at(-1) ?? asked;
}

const sizeOf = (file: string) =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

async function refused(status: number, body: Dispatcher.ResponseData["body"]) {
  await fromNetwork(() => body.dump());
  const reason = `the server answered ${[status, STATUS_CODES[status]].join(" ").trim()}`;
  return isPassingStatus(status) ? passing(reason) : lasting(reason);
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

async function fromNetwork<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const fault = networkFault(error);
    throw NOBODY_THERE.includes((error as NodeJS.ErrnoException).code) ? lasting(fault.message) : fault;
  }
}
