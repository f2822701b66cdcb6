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

/** Codes of OpenSSL and Node for a certificate or a handshake that another attempt would not mend. */
const TLS_CODE =
  /^(ERR_TLS_CERT|ERR_SSL_|EPROTO$|UNABLE_TO_|CERT_|CRL_|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_|HOSTNAME_)/;

const WORDS: Readonly<Record<string, string>> = {
  EAI_AGAIN: "the host's address could not be looked up",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was broken off",
  ENOTFOUND: "there is no host of this name",
  UND_ERR_BODY_TIMEOUT: "the answer took too long",
  UND_ERR_CONNECT_TIMEOUT: "the connection took too long",
  UND_ERR_HEADERS_TIMEOUT: "the answer took too long to begin",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer is shorter than it should be",
  UND_ERR_SOCKET: "the connection was broken off",
};

/** Whatever a request ended with, as a fault of its link: one that may pass, unless it is about the certificate. */
export function networkFault(error: unknown): LinkFault {
  if (error instanceof LinkFault) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  const detail = `${message.split("\n")[0].slice(0, 200)}${code && ` (${code})`}`;
  if (TLS_CODE.test(code)) return lasting(`no secure connection: ${detail}`);
  return passing(WORDS[code] ?? detail);
}
