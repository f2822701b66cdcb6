import { STATUS_CODES } from "node:http";
import { timestamp } from "../util/clock.ts";
import { isTlsCode, networkWords, parseRetryAfter } from "./network.ts";

/** Why something could not be fetched or sent, in words. */
export class HttpFault extends Error {
  override readonly name = "HttpFault";
  /** Whether another attempt may succeed. */
  readonly passing: boolean;
  /** Of the server's answer; undefined when it is about something else. */
  readonly status: number | undefined;
  /** Seconds that the server asked to be left alone for. */
  readonly retryAfter: number | undefined;

  constructor(
    reason: string,
    options: { passing: boolean; status?: number | undefined; retryAfter?: number | undefined },
  ) {
    super(reason);
    this.passing = options.passing;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }
}

/** A fault that may pass. */
export const passing = (reason: string, retryAfter?: number): HttpFault =>
  new HttpFault(reason, { passing: true, retryAfter });

/** A fault that further attempts would only meet again. */
export const lasting = (reason: string): HttpFault => new HttpFault(reason, { passing: false });

const RETRIED: ReadonlySet<number> = new Set([408, 425, 429]);

/** Whether another attempt may be answered better: too slow, too early, too many requests, and faults of the server. */
export const isPassingStatus = (status: number): boolean => RETRIED.has(status) || status >= 500;

/** Headers of an answer, by names in small letters. */
export type AnswerHeaders = Readonly<Record<string, string | undefined>>;

/** An answer of this status as a fault. */
export function statusFault(status: number, headers: AnswerHeaders): HttpFault {
  const reason = `the server answered ${[status, STATUS_CODES[status]].join(" ").trim()}`;
  return new HttpFault(reason, { passing: isPassingStatus(status), status, retryAfter: retryAfterIn(headers) });
}

/** Seconds that a server asks to be left alone for; undefined when it does not. */
export const retryAfterIn = (headers: AnswerHeaders): number | undefined =>
  parseRetryAfter(headers["retry-after"], Date.parse(timestamp()));

/**
 * Whatever a request ended with, as a fault: one that may pass, unless it is about the certificate.
 * @param tell makes the words of others fit for a message
 */
export function networkFault(error: unknown, tell = firstLine): HttpFault {
  if (error instanceof HttpFault) return error;
  const { code: found, message, name } = error as NodeJS.ErrnoException;
  if (name === "TimeoutError") return passing("the answer took too long"); // a signal's time was over
  const code = typeof found === "string" ? found : ""; // a DOMException has a number
  const detail = `${tell(message)}${code && ` (${code})`}`;
  if (isTlsCode(code)) return lasting(`no secure connection: ${detail}`);
  return passing(networkWords(code) ?? detail);
}

const firstLine = (text: string) => text.split("\n")[0].slice(0, 200);

/** What an error of the network becomes. */
export type ToFault = (error: unknown) => HttpFault;

/** Does what can only fail for the network. @throws HttpFault */
export async function fromNetwork<T>(work: () => Promise<T>, toFault: ToFault = networkFault): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFault(error);
  }
}
