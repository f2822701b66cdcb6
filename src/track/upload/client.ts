import { createReadStream } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { z } from "zod";
import { timestamp } from "../../util/clock.ts";
import { cut } from "../../util/cut.ts";
import { isTlsCode, networkWords, parseRetryAfter } from "../../util/network.ts";
import { readManifest } from "../../util/package.ts";
import { proxies } from "../../util/proxies.ts";
import { requireKey, type WandbSettings } from "../wandb-settings.ts";
import { type Operation, UPSERT_BUCKET } from "./operations.ts";
import { isPassingStatus, UploadFault } from "./retry.ts";

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
  /** The data of one GraphQL operation. @throws UploadFault, one that does not pass for an answer of another shape */
  ask<T>(operation: Operation<T>, variables: object, signal: AbortSignal): Promise<T>;
  /** Adds to the lines of a run. @throws UploadFault */
  stream(path: string, body: object, signal: AbortSignal): Promise<StreamAnswer>;
  /** Puts a file where the server said. The key stays here: that address has leave in itself. @throws UploadFault */
  put(address: string, headers: readonly string[], content: Content, signal: AbortSignal): Promise<void>;
}

const ASK_MS = 30_000;
const STREAM_MS = 180_000;
const STORE_MS = 60_000;
const MAX_ANSWER = 64 * 2 ** 20;

const Envelope = z.object({
  data: z.unknown().optional(),
  errors: z.array(z.object({ message: z.string().nullish() })).nullish(),
});
const StreamBodyAnswer = z.object({ stopped: z.unknown().optional() });

/** @throws InputError when there is no key, or a variable names a proxy that is none */
export function openWandb(settings: WandbSettings): WandbClient {
  const { authorization } = requireKey(settings);
  const tell = scrub(authorization);
  const limits = { headersTimeout: STREAM_MS, bodyTimeout: STORE_MS, connect: { timeout: 30e3 } };
  const agent = new EnvHttpProxyAgent({ ...limits, ...proxies() });
  const identity = { "user-agent": `amlc/${readManifest().version}` };
  const names = { "x-wandb-username": headerText(settings.username), "x-wandb-user-email": headerText(settings.email) };

  const send = async (address: string, options: Sending, signal: AbortSignal, isSettingUp = false) => {
    const limited = AbortSignal.any([signal, ...(options.timeoutMs ? [AbortSignal.timeout(options.timeoutMs)] : [])]);
    try {
      const answer = await request(address, { ...options, dispatcher: agent, signal: limited });
      answer.body.on("error", () => {}); // it is thrown as well
      const text = await readAnswer(answer.body);
      if (answer.statusCode >= 200 && answer.statusCode < 300) return { text, headers: answer.headers };
      throw refusal(answer, tell(text), isSettingUp);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof UploadFault ? error : networkFault(error, tell);
    }
  };
  const post = (
    path: string,
    body: object,
    more: object,
    timeoutMs: number,
    signal: AbortSignal,
    isSettingUp = false,
  ) =>
    send(
      `${settings.baseUrl}${path}`,
      {
        method: "POST",
        headers: { ...identity, ...more, authorization, "content-type": "application/json" },
        body: JSON.stringify(body),
        timeoutMs,
      },
      signal,
      isSettingUp,
    );
  return {
    async ask<T>({ name, text: query, answer }: Operation<T>, variables: object, signal: AbortSignal) {
      const body = { query, variables, operationName: name };
      const { text } = await post("/graphql", body, names, ASK_MS, signal, name === UPSERT_BUCKET.name);
      const { data, errors } = fitting(name, Envelope, parse(text, tell), tell);
      const [error] = errors ?? [];
      if (error) throw new UploadFault(`${name} was refused: ${tell(error.message ?? "")}`, { passing: false });
      if (data === undefined || data === null)
        throw new UploadFault(`${name} was answered with no data`, { passing: false });
      return fitting(name, answer, data, tell);
    },
    async stream(path, body, signal) {
      const { text, headers } = await post(path, body, {}, STREAM_MS, signal);
      const answer = fitting("the stream", StreamBodyAnswer, parse(text === "" ? "{}" : text, tell), tell);
      return { stopped: answer.stopped === true, limit: limitOf(headers) };
    },
    async put(address, wanted, content, signal) {
      const bytes = "file" in content ? content.bytes : content.length;
      // A file that is cut short while it is sent would leave the server waiting for the rest of what was promised.
      const body = "file" in content && bytes > 0 ? createReadStream(content.file, { end: bytes - 1 }) : content;
      const headers = { ...identity, ...Object.fromEntries(wanted.map(parseHeader)), "content-length": String(bytes) };
      await send(address, { method: "PUT", headers, body: bytes === 0 ? null : (body as Buffer) }, signal);
    },
    async [Symbol.asyncDispose]() {
      await breathe();
      await agent.destroy();
    },
  };
}

interface Sending {
  readonly method: "POST" | "PUT";
  readonly headers: Record<string, string>;
  readonly body: string | Buffer | null;
  readonly timeoutMs?: number;
}

const plain = (headers: Dispatcher.ResponseData["headers"], name: string) => [headers[name] ?? []].flat()[0];

/** A header's value has bytes, which are given as characters: those of UTF-8, without what steers. */
const headerText = (text: string) => Buffer.from(text.replaceAll(/\p{Cc}/gu, "")).toString("latin1");

function parseHeader(header: string): [string, string] {
  const colon = header.indexOf(":");
  return [header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim()];
}

async function readAnswer(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER) throw new UploadFault("the answer is far too large", { passing: false });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** @throws UploadFault naming what is not as it should be */
function fitting<T>(name: string, answer: z.ZodType<T>, found: unknown, tell: (text: string) => string): T {
  const { success, data, error } = answer.safeParse(found);
  if (success) return data;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  const where = path.length > 0 ? ` (${path.join(".")}: ${message})` : "";
  throw new UploadFault(`${name} was answered with something else${where}: ${tell(JSON.stringify(found))}`, {
    passing: false,
  });
}

function parse(text: string, tell: (text: string) => string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UploadFault(`the answer is no JSON: ${tell(text)}`, { passing: true });
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

function refusal({ statusCode, headers }: Dispatcher.ResponseData, text: string, isSettingUp: boolean): UploadFault {
  const meaning = WORDS[statusCode] ?? `the server answers ${statusCode}`;
  const detail = statusCode in WORDS ? ` (${statusCode})` : text === "(empty)" ? "" : `: ${text}`;
  return new UploadFault(meaning + detail, {
    passing: isPassingStatus(statusCode, isSettingUp),
    status: statusCode,
    // A moment that is over is no wish: there is a pause between two attempts all the same.
    retryAfter: parseRetryAfter(plain(headers, "retry-after"), Date.parse(timestamp())) || undefined,
  });
}

/** What undici says of an address or a header that is none. */
const INVALID: ReadonlySet<string> = new Set(["ERR_INVALID_URL", "UND_ERR_INVALID_ARG"]);

function networkFault(error: unknown, tell: (text: string) => string): UploadFault {
  const { code: found, message, name } = error as NodeJS.ErrnoException;
  const code = typeof found === "string" ? found : ""; // a DOMException has a number
  if (name === "TimeoutError") return new UploadFault("the answer took too long", { passing: true });
  if (INVALID.has(code)) return new UploadFault(`nothing can be asked there: ${tell(message)}`, { passing: false });
  if (code === "ENOENT" || code === "EACCES") return new UploadFault(tell(message), { passing: false });
  if (isTlsCode(code)) return new UploadFault(`no secure connection: ${tell(message)} (${code})`, { passing: false });
  return new UploadFault(networkWords(code) ?? tell(`${message}${code && ` (${code})`}`), { passing: true });
}

/** The headers RateLimit-Remaining and RateLimit-Reset (draft-polli-ratelimit-headers-02). */
function limitOf(headers: Dispatcher.ResponseData["headers"]): StreamAnswer["limit"] {
  const [remaining, resetSeconds] = ["ratelimit-remaining", "ratelimit-reset"].map((name) =>
    Number.parseFloat(plain(headers, name) ?? ""),
  );
  return remaining! >= 0 && resetSeconds! >= 0 ? { remaining: remaining!, resetSeconds: resetSeconds! } : undefined;
}
