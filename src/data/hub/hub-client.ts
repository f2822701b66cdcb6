import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { timestamp } from "../../util/clock.ts";
import { InputError } from "../../util/errors.ts";
import { readManifest } from "../../util/package.ts";
import { proxies } from "../../util/proxies.ts";
import { readPage } from "../download/body.ts";
import { LinkFault, lasting, networkFault } from "../download/faults.ts";
import { type Asked, explainRefusal } from "./hub-refusal.ts";

export interface HubClientOptions extends Asked {
  readonly signal?: AbortSignal;
  /** Before the second attempt, in milliseconds; each further one waits twice as long. */
  readonly pauseMs?: number;
  /** Told why an attempt failed, before the next one. */
  readonly note?: (text: string) => void;
}

/** With status 200, 206, or 416 for a range that is not there. */
export interface HubAnswer extends Dispatcher.ResponseData {
  /** The file's checksum in quotes, as the hub itself gives it; a store has marks of its own. */
  readonly mark: string | undefined;
}

/** HTTP to a hub and the store that it leads to, with the proxies of the environment. */
export interface HubClient extends AsyncDisposable {
  readonly asked: Asked;
  readonly signal: AbortSignal | undefined;
  /**
   * One request, redirections followed. The token goes to the hub's own origin alone.
   * @throws LinkFault for what may pass; InputError for what the user has to see to
   */
  ask(url: URL, headers?: Readonly<Record<string, string>>): Promise<HubAnswer>;
  /** The same for the hub's own library: small answers, tried again. */
  readonly fetch: typeof fetch;
  /**
   * Tries again after faults that may pass, with pauses that double. `moved` says how far the work has come: an attempt that
   * moved it is the first again. @throws the last fault
   */
  retry<T>(attempts: number, work: () => Promise<T>, moved?: () => number): Promise<T>;
}

/** Of a small answer: a user who has no network hears of it in some seconds. */
const PAGE_ATTEMPTS = 4;
const REDIRECTIONS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const ANSWERS: ReadonlySet<number> = new Set([200, 206, 416]);
const MAX_WAIT_MS = 60_000;

export function openHub(options: HubClientOptions): HubClient {
  const { endpoint, token, signal, pauseMs = 1000, note } = options;
  const { origin } = checkEndpoint(options);
  const limits = { headersTimeout: 60e3, bodyTimeout: 60e3, connect: { timeout: 30e3 } };
  const dispatcher = new EnvHttpProxyAgent({ ...limits, ...proxies() });
  const identity = { "user-agent": `amlc/${readManifest().version}`, "accept-encoding": "identity" };

  const ask: HubClient["ask"] = async (asked, headers = {}) => {
    let mark: string | undefined;
    for (let url = asked, left = REDIRECTIONS; ; left--) {
      const own = url.origin === origin && token ? { authorization: token.authorization } : {};
      const answer = await fromNetwork(() =>
        request(url, { dispatcher, headers: { ...identity, ...headers, ...own }, ...(signal && { signal }) }),
      );
      answer.body.on("error", () => {}); // it is thrown as well
      const { statusCode, headers: found } = answer;
      const target = found.location;
      if (url.origin === origin) mark = plain(found)["x-linked-etag"] ?? plain(found).etag ?? mark;
      if (ANSWERS.has(statusCode)) return { ...answer, mark };
      await answer.body.dump({ limit: 2 ** 16 }).catch(() => {});
      if (REDIRECTS.has(statusCode) && typeof target === "string") {
        if (left === 0) throw lasting("the server leads from one address to the next without end");
        url = follow(url, target, origin);
        continue;
      }
      const refusal = {
        status: statusCode,
        headers: plain(found),
        byHub: url.origin === origin,
        now: Date.parse(timestamp()),
      };
      throw explainRefusal(refusal, options);
    }
  };
  const retry: HubClient["retry"] = async (attempts, work, moved = () => 0) => {
    for (let attempt = 1, before = moved(); ; attempt++) {
      try {
        return await work();
      } catch (fault) {
        if (signal?.aborted || !(fault instanceof LinkFault)) throw fault;
        if (moved() > before) attempt = 1;
        before = moved();
        if (!fault.passing || attempt >= attempts) throw fault;
        const pause = Math.max(1000 * (fault.retryAfter ?? 0), pauseMs * 2 ** (attempt - 1));
        note?.(`${fault.message}; trying again`);
        await sleep(Math.min(MAX_WAIT_MS, pause), undefined, signal && { signal });
      }
    }
  };
  const fetchPage = async (input: string | URL | Request) => {
    const url = new URL(String(input));
    return retry(PAGE_ATTEMPTS, async () => {
      const { body, headers } = await ask(url, { accept: "application/json" });
      return new Response(await readPage(body), { headers: plain(headers) as Record<string, string> });
    });
  };
  return {
    asked: options,
    signal,
    ask,
    retry,
    fetch: (input) =>
      fetchPage(input).catch((error: unknown) => {
        throw error instanceof LinkFault ? unreachable(endpoint, error) : error;
      }),
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

/** What is left of a fault after all attempts, for the user. */
export function unreachable(what: string, fault: LinkFault, hint?: string): InputError {
  return new InputError(`${what}: ${fault.message}`, {
    hint: hint ?? "check the network, the proxy (HTTPS_PROXY) and HF_ENDPOINT",
    cause: fault,
  });
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** @throws InputError; an address with a name or password in it is not shown */
function checkEndpoint({ endpoint, token }: HubClientOptions): URL {
  if (endpoint.includes("@")) {
    throw new InputError("HF_ENDPOINT: holds a name or a password", { hint: "the token belongs into HF_TOKEN" });
  }
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search) {
    throw new InputError(`HF_ENDPOINT ${endpoint}: is no address of a hub`, { hint: "as https://huggingface.co" });
  }
  if (token && url.protocol === "http:" && !LOOPBACK.test(url.hostname)) {
    throw new InputError(`HF_ENDPOINT ${endpoint}: anybody on the way could read the token in ${token.source}`, {
      hint: "use https, or take the token away for a public model",
    });
  }
  return url;
}

function follow(from: URL, target: string, hub: string): URL {
  const url = URL.canParse(target, from.href) ? new URL(target, from) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw lasting("the server leads away from the web");
  if (from.protocol === "https:" && url.protocol === "http:") throw lasting("the server leads from https to http");
  return url.origin === hub ? url : Object.assign(url, { username: "", password: "" });
}

const plain = (headers: Dispatcher.ResponseData["headers"]): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));

async function fromNetwork<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw networkFault(error);
  }
}
