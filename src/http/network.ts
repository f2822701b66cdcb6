/** Codes of OpenSSL and Node for a certificate or a handshake that another attempt would not mend. */
const TLS_CODE =
  /^(ERR_TLS_CERT|ERR_SSL_|EPROTO$|UNABLE_TO_|CERT_|CRL_|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_|HOSTNAME_)/;

/** Whether a connection failed for its certificate or its handshake, as it would again. */
export const isTlsCode = (code: string): boolean => TLS_CODE.test(code);

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

/** What a code of Node or undici says of a connection, in words; undefined for one that is not known. */
export const networkWords = (code: string): string | undefined => WORDS[code];

/**
 * Seconds to wait by a Retry-After header (RFC 9110, 10.2.3): a number of seconds, or a date of which only those in GMT
 * count, for others depend on where they are read. Undefined when there is none, or it says nothing of the kind.
 * @param now the time of day, in milliseconds since 1970
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text);
  const date = /^[A-Z][a-z]+, .+ GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
