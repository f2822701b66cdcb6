import type { Readable } from "node:stream";
import { type Dispatcher, EnvHttpProxyAgent, interceptors, request as requestOnce } from "undici";
import { readManifest } from "../util/package.ts";
import { type AnswerHeaders, fromNetwork, type ToFault } from "./faults.ts";
import { proxies } from "./proxies.ts";

/**
 * Connections through the proxies of the environment, that are kept and used again.
 * @param redirections how many an answer may lead through
 * @throws InputError for a proxy that is none
 */
export function openAgent({ headersTimeout = 60e3, bodyTimeout = 60e3, redirections = 0 } = {}): Dispatcher {
  const agent = new EnvHttpProxyAgent({ headersTimeout, bodyTimeout, connect: { timeout: 30e3 }, ...proxies() });
  return redirections > 0 ? agent.compose(interceptors.redirect({ maxRedirections: redirections })) : agent;
}

export interface HttpRequest {
  readonly dispatcher: Dispatcher;
  readonly method?: "GET" | "POST" | "PUT";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable | null;
  readonly signal: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** Of several of one name the first. */
  readonly headers: AnswerHeaders;
  /** Whoever reads it meets its errors; nobody else has to. */
  readonly body: Dispatcher.ResponseData["body"];
  /** The addresses that were asked; undefined where the agent follows no redirections. */
  readonly history: readonly URL[] | undefined;
}

const IDENTITY = { "user-agent": `amlc/${readManifest().version}` };

/** One request. @throws HttpFault for what the network does; an answer of any status is an answer */
export async function request(url: URL | string, wanted: HttpRequest, toFault?: ToFault): Promise<HttpAnswer> {
  const options = { ...wanted, headers: { ...IDENTITY, ...wanted.headers }, signal: wanted.signal ?? null };
  const { statusCode, headers, body, context } = await fromNetwork(() => requestOnce(url, options), toFault);
  body.on("error", () => {}); // it is thrown as well
  const { history } = (context ?? {}) as { history?: readonly URL[] };
  return { status: statusCode, headers: firstOfEach(headers), body, history };
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Where an answer leads to; undefined when it leads nowhere. */
export const redirectTarget = ({ status, headers }: HttpAnswer): string | undefined =>
  REDIRECTS.has(status) ? headers.location : undefined;

const firstOfEach = (headers: Dispatcher.ResponseData["headers"]): AnswerHeaders =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));
