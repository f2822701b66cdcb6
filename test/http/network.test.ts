import fc from "fast-check";
import { expect, test } from "vitest";
import { isTlsCode, networkWords, parseRetryAfter } from "../../src/http/network.ts";

const NOON = Date.UTC(2026, 10, 24, 12);

test("Retry-After as any number of seconds", () => {
  fc.assert(
    fc.property(fc.nat(), (seconds) => {
      expect(parseRetryAfter(` ${seconds} `, NOON)).toBe(seconds);
    }),
  );
});

test("Retry-After as any date, to the second", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), (seconds) => {
      const wait = parseRetryAfter(new Date(1000 * seconds).toUTCString(), NOON);
      expect(wait).toBe(Math.max(0, seconds - NOON / 1000));
    }),
  );
});

test("Retry-After in the old long form of a date", () => {
  expect(parseRetryAfter("Tuesday, 24-Nov-26 12:00:30 GMT", NOON)).toBe(30);
});

test("Retry-After that says nothing", () => {
  for (const text of ["", "soon", "-1", "1.5", "1e3", "Tue, 24 Nov 2026 12:00:30", "Tue, never GMT", "2026-11-24"]) {
    expect(parseRetryAfter(text, NOON)).toBeUndefined();
  }
  fc.assert(fc.property(fc.string(), (text) => (parseRetryAfter(text, NOON) ?? 0) >= 0));
});

test("Retry-After is a number of seconds or a date", () => {
  const now = Date.UTC(2026, 10, 26, 10, 0, 0);
  expect(parseRetryAfter("120", now)).toBe(120);
  expect(parseRetryAfter("Thu, 26 Nov 2026 10:00:05 GMT", now)).toBe(5);
  expect(parseRetryAfter("Thu, 26 Nov 2026 09:00:05 GMT", now)).toBe(0);
  expect(parseRetryAfter("soon", now)).toBeUndefined();
  expect(parseRetryAfter(undefined, now)).toBeUndefined();
});

test("a certificate that is refused stays so, a handshake that was too slow may pass", () => {
  expect(["CERT_HAS_EXPIRED", "EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER"].filter(isTlsCode)).toHaveLength(3);
  expect(["ECONNRESET", "ERR_TLS_HANDSHAKE_TIMEOUT", ""].filter(isTlsCode)).toEqual([]);
});

test("a code that is not known has no words", () => {
  expect(networkWords("ECONNREFUSED")).toBe("the connection was refused");
  expect(networkWords("WHATEVER")).toBeUndefined();
});
