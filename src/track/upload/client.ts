import { createReadStream } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";
import { z } from "zod";
import { readText } from "../../http/body.ts";
import { type AnswerHeaders, HttpFault, lasting, networkFault, passing, retryAfterIn } from "../../http/faults.ts";
import { type HttpAnswer, type HttpRequest, openAgent, request } from "../../http/request.ts";
import { cut } from "../../util/cut.ts";
import { requireKey, type WandbSettings } from "../wandb-settings.ts";
import { type Operation, UPSERT_BUCKET } from "./operations.ts";
import { isPassingStatus } from "./retry.ts";

/** What the stream of a run's lines is answered with. */
export interface StreamAnswer {
  /** Somebody has pressed "Stop run" on the run's page. */
  readonly stopped: boolean;
  /** Requests that may follow, and the seconds within which; undefined when the server does not say. */
  readonly limit: { readonly remaining: number; readonly resetSeconds: number } | undefined;
}

/** A file's content: bytes, or where it lies and how long it is. */
export type Content = Uint8Array | { readonly file: string; readonly bytes: number };

/** HTTP to a server of W&B and to the store that it leads to, with the proxies of the environment. One attempt each. */
export interface WandbClient extends AsyncDisposable {
  /** The data of one GraphQL operation. @throws HttpFault, one that does not pass for an answer of another shape */
  ask<T>(operation: Operation<T>, variables: object, signal: AbortSignal): Promise<T>;
  /** Adds to the lines of a run. @throws HttpFault */
  stream(path: string, body: object, signal: AbortSignal): Promise<StreamAnswer>;
  /** Puts a file where the server said. The key stays here: that address has leave in itself. @throws HttpFault */
  put(address: string, headers: readonly string[], content: Content, signal: AbortSignal): Promise<void>;
}

const ASK_MS = 30_000;
const STREAM_MS = 180_000;
const STORE_MS = 60_000;

const Envelope = z.object({
  data: z.unknown().optional(),
  errors: z.array(z.object({ message: z.string().nullish() })).nullish(),
});
const StreamBodyAnswer = z.object({ stopped: z.unknown().optional() });

/** @throws InputError when there is no key, or a variable names a proxy that is none */
export function openWandb(settings: WandbSettings): WandbClient {
  const { authorization } = requireKey(settings);
  const tell = scrub(authorization);
  const toFault = (error: unknown) => sendingFault(error, tell);
  const dispatcher = openAgent({ headersTimeout: STREAM_MS, bodyTimeout: STORE_MS });
  const names = { "x-wandb-username": headerText(settings.username), "x-wandb-user-email": headerText(settings.email) };

  const send = async (address: string, { signal, timeoutMs, isSettingUp = false, ...options }: Sending) => {
    const limited = timeoutMs ? AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) : signal;
    const answer = await request(address, { ...options, dispatcher, signal: limited }, toFault);
    const text = await readText(answer.body, "answer", toFault);
    if (answer.status >= 200 && answer.status < 300) return { text, headers: answer.headers };
    throw refusal(answer, tell(text), isSettingUp);
  };
  const post = (path: string, body: object, how: Sending) => {
    const headers = { ...how.headers, authorization, "content-type": "application/json" };
    return send(`${settings.baseUrl}${path}`, { ...how, method: "POST", headers, body: JSON.stringify(body) });
  };
  return {
    async ask<T>({ name, text: query, answer }: Operation<T>, variables: object, signal: AbortSignal) {
      const body = { query, variables, operationName: name };
      const isSettingUp = name === UPSERT_BUCKET.name;
      const { text } = await post("/graphql", body, { headers: names, timeoutMs: ASK_MS, isSettingUp, signal });
      const { data, errors } = fitting(name, Envelope, parse(text, tell), tell);
      const [error] = errors ?? [];
      if (error) throw lasting(`${name} was refused: ${tell(error.message ?? "")}`);
      if (data === undefined || data === null) throw lasting(`${name} was answered with no data`);
      return fitting(name, answer, data, tell);
    },
    async stream(path, body, signal) {
      const { text, headers } = await post(path, body, { headers: {}, timeoutMs: STREAM_MS, signal });
      const answer = fitting("the stream", StreamBodyAnswer, parse(text === "" ? "{}" : text, tell), tell);
      return { stopped: answer.stopped === true, limit: limitOf(headers) };
    },
    async put(address, wanted, content, signal) {
      const bytes = "file" in content ? content.bytes : content.length;
      // A file that is cut short while it is sent would leave the server waiting for the rest of what was promised.
      const body = "file" in content && bytes > 0 ? createReadStream(content.file, { end: bytes - 1 }) : content;
      const headers = { ...Object.fromEntries(wanted.map(parseHeader)), "content-length": String(bytes) };
      await send(address, { method: "PUT", headers, body: bytes === 0 ? null : (body as Buffer), signal });
    },
    async [Symbol.asyncDispose]() {
      await breathe();
      await dispatcher.destroy();
    },
  };
}

interface Sending extends Omit<HttpRequest, "dispatcher"> {
  readonly signal: AbortSignal;
  /** For all of it. */
  readonly timeoutMs?: number;
  /** Of a run. */
  readonly isSettingUp?: boolean;
}

/** A header's value has bytes, which are given as characters: those of UTF-8, without what steers. */
const headerText = (text: string) => Buffer.from(text.replaceAll(/\p{Cc}/gu, "")).toString("latin1");

function parseHeader(header: string): [string, string] {
  const colon = header.indexOf(":");
  return [header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim()];
}

/** @throws HttpFault naming what is not as it should be */
function fitting<T>(name: string, answer: z.ZodType<T>, found: unknown, tell: (text: string) => string): T {
  const { success, data, error } = answer.safeParse(found);
  if (success) return data;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  const where = path.length > 0 ? ` (${path.join(".")}: ${message})` : "";
  throw lasting(`${name} was answered with something else${where}: ${tell(JSON.stringify(found))}`);
}

function parse(text: string, tell: (text: string) => string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw passing(`the answer is no JSON: ${tell(text)}`);
  }
}

/** Text of the server for a message: short, and without the key, which a server or a proxy might repeat. */
function scrub(authorization: string): (text: string) => string {
  const encoded = authorization.replace("Basic ", "");
  const key = Buffer.from(encoded, "base64").toString().replace("api:", "");
  return (text) => cut(text.replaceAll(encoded, "(key)").replaceAll(key, "(key)"), 200);
}

const WORDS: Readonly<Record<number, string>> = {
  401: "the server does not know the key",
  403: "the key has no right to this project",
  404: "the server has no such run or project",
  429: "the server asks for fewer requests",
};

function refusal({ status, headers }: HttpAnswer, text: string, isSettingUp: boolean): HttpFault {
  const meaning = WORDS[status] ?? `the server answers ${status}`;
  const detail = status in WORDS ? ` (${status})` : text === "(empty)" ? "" : `: ${text}`;
  return new HttpFault(meaning + detail, {
    passing: isPassingStatus(status, isSettingUp),
    status,
    // A moment that is over is no wish: there is a pause between two attempts all the same.
    retryAfter: retryAfterIn(headers) || undefined,
  });
}

/** What undici says of an address or a header that is none. */
const INVALID: ReadonlySet<string> = new Set(["ERR_INVALID_URL", "UND_ERR_INVALID_ARG"]);

function sendingFault(error: unknown, tell: (text: string) => string): HttpFault {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (INVALID.has(code)) return lasting(`nothing can be asked there: ${tell(message)}`);
  if (code === "ENOENT" || code === "EACCES") return lasting(tell(message)); // of the file that is sent
  return networkFault(error, tell);
}

/** The headers RateLimit-Remaining and RateLimit-Reset (draft-polli-ratelimit-headers-02). */
function limitOf(headers: AnswerHeaders): StreamAnswer["limit"] {
  const [remaining, resetSeconds] = ["ratelimit-remaining", "ratelimit-reset"].map((name) =>
    Number.parseFloat(headers[name] ?? ""),
  );
  return remaining! >= 0 && resetSeconds! >= 0 ? { remaining: remaining!, resetSeconds: resetSeconds! } : undefined;
}
