import { isTlsCode, networkWords } from "../../util/network.ts";

/** Why a link gave no image, in words for the manifest. */
export class LinkFault extends Error {
  override readonly name = "LinkFault";
  /** Whether another attempt may succeed. */
  readonly passing: boolean;
  /** Seconds that the server asked to be left alone for. */
  readonly retryAfter: number | undefined;

  constructor(reason: string, options: { passing: boolean; retryAfter?: number | undefined }) {
    super(reason);
    this.passing = options.passing;
    this.retryAfter = options.retryAfter;
  }
}

/** A fault that may pass. */
export function passing(reason: string, retryAfter?: number): LinkFault {
  return new LinkFault(reason, { passing: true, retryAfter });
}

/** A fault that further attempts would only meet again. */
export function lasting(reason: string): LinkFault {
  return new LinkFault(reason, { passing: false });
}

/** Whatever a request ended with, as a fault of its link: one that may pass, unless it is about the certificate. */
export function networkFault(error: unknown): LinkFault {
  if (error instanceof LinkFault) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  const detail = `${message.split("\n")[0].slice(0, 200)}${code && ` (${code})`}`;
  if (isTlsCode(code)) return lasting(`no secure connection: ${detail}`);
  return passing(networkWords(code) ?? detail);
}
