import { setTimeout as sleep } from "node:timers/promises";
import { discard, readText } from "../../http/body.ts";
import { HttpFault, lasting } from "../../http/faults.ts";
import { type HttpAnswer, openAgent, redirectTarget, request } from "../../http/request.ts";
import { type Reach, retrying } from "../../http/retrying.ts";
import { InputError } from "../../util/errors.ts";
import { type Asked, explainRefusal } from "./hub-refusal.ts";

export interface HubClientOptions extends Asked {
  readonly signal?: AbortSignal;
  /** Before the second attempt, in milliseconds; each further one waits twice as long. */
  readonly pauseMs?: number;
  /** Told why an attempt failed, before the next one. */
  readonly note?: (text: string) => void;
}

/** With status 200, 206, or 416 for a range that is not there. */
export interface HubAnswer extends HttpAnswer {
  /** The file's checksum in quotes, as the hub itself gives it; a store has marks of its own. */
  readonly mark: string | undefined;
}

/** HTTP to a hub and the store that it leads to, with the proxies of the environment. */
export interface HubClient extends AsyncDisposable {
  readonly asked: Asked;
  readonly signal: AbortSignal | undefined;
  /**
   * One request, redirections followed. The token goes to the hub's own origin alone.
   * @throws HttpFault for what may pass; InputError for what the user has to see to
   */
  ask(url: URL, headers?: Readonly<Record<string, string>>): Promise<HubAnswer>;
  /** The same for the hub's own library: small answers, tried again. */
  readonly fetch: typeof fetch;
  /**
   * Tries again after faults that may pass, with pauses that double; an attempt that got the work further is the first again.
   * @throws the last fault
   */
  retry<T>(attempts: number, work: (reach: Reach) => Promise<T>): Promise<T>;
}

/** Of a small answer: a user who has no network hears of it in some seconds. */
const PAGE_ATTEMPTS = 4;
const REDIRECTIONS = 5;
const ANSWERS: ReadonlySet<number> = new Set([200, 206, 416]);
const MAX_WAIT_MS = 60_000;

export function openHub(options: HubClientOptions): HubClient {
  const { endpoint, token, signal, pauseMs = 1000, note } = options;
  const { origin } = checkEndpoint(options);
  const dispatcher = openAgent();

  const ask: HubClient["ask"] = async (asked, headers = {}) => {
    let mark: string | undefined;
    for (let url = asked, left = REDIRECTIONS; ; left--) {
      const byHub = url.origin === origin;
      const own = byHub && token ? { authorization: token.authorization } : {};
      const all = { "accept-encoding": "identity", ...headers, ...own };
      const answer = await request(url, { dispatcher, headers: all, signal });
      const { status, headers: found } = answer;
      if (byHub) mark = found["x-linked-etag"] ?? found.etag ?? mark;
      if (ANSWERS.has(status)) return { ...answer, mark };
      await discard(answer.body).catch(() => {});
      const target = redirectTarget(answer);
      if (target === undefined) throw explainRefusal({ status, headers: found, byHub }, options);
      if (left === 0) throw lasting("the server leads from one address to the next without end");
      url = follow(url, target, origin);
    }
  };
  const pause = ({ message, retryAfter = 0 }: HttpFault, before: number) => {
    note?.(`${message}; trying again`);
    const wanted = Math.max(1000 * retryAfter, pauseMs * 2 ** before);
    return sleep(Math.min(MAX_WAIT_MS, wanted), undefined, signal && { signal });
  };
  const retry: HubClient["retry"] = (attempts, work) => retrying(work, { attempts, pause, signal });
  const fetchPage = async (input: string | URL | Request) => {
    const url = new URL(String(input));
    return retry(PAGE_ATTEMPTS, async () => {
      const { body, headers } = await ask(url, { accept: "application/json" });
      return new Response(await readText(body, "page"), { headers: headers as Record<string, string> });
    });
  };
  return {
    asked: options,
    signal,
    ask,
    retry,
    fetch: (input) =>
      fetchPage(input).catch((error: unknown) => {
        throw error instanceof HttpFault ? unreachable(endpoint, error) : error;
      }),
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

/** What is left of a fault after all attempts, for the user. */
export function unreachable(what: string, fault: HttpFault, hint?: string): InputError {
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
