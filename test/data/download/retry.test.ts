import fc from "fast-check";
import { expect, test } from "vitest";
import { networkFault } from "../../../src/data/download/faults.ts";
import { isPassingStatus, pauseAfter } from "../../../src/data/download/retry.ts";
import { random } from "../../../src/util/random.ts";

test("faults of the server and of the moment may pass, others may not", () => {
  expect([408, 425, 429, 500, 502, 503, 504, 599].filter((status) => !isPassingStatus(status))).toEqual([]);
  expect([204, 206, 304, 400, 401, 403, 404, 410, 451].filter(isPassingStatus)).toEqual([]);
});

test("pauses double up to the longest, and up to a half is left to chance", () => {
  const generator = random(7, "test");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), (attempt) => {
      const pause = pauseAfter(attempt, undefined, { backoff_s: 0.5, max_pause_s: 60 }, generator);
      const whole = Math.min(60, 0.5 * 2 ** (attempt - 1));
      expect(pause).toBeGreaterThan(whole / 2 - 1e-9);
      expect(pause).toBeLessThanOrEqual(whole);
    }),
  );
});

test("a server's wish is kept as far as the longest pause goes", () => {
  const settings = { backoff_s: 0.5, max_pause_s: 60 };
  expect(pauseAfter(3, 7, settings, random(0, "test"))).toBe(7);
  expect(pauseAfter(1, 0, settings, random(0, "test"))).toBe(0);
  expect(pauseAfter(1, 86_400, settings, random(0, "test"))).toBe(60);
});

test("what is wrong with a certificate stays wrong, other faults of the network may pass", () => {
  const fault = (code: string) => networkFault(Object.assign(new Error("because\nof this"), { code }));
  const lasting = [
    ...["CERT_HAS_EXPIRED", "DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "EPROTO"],
    ...["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ERR_TLS_CERT_ALTNAME_INVALID", "ERR_SSL_WRONG_VERSION_NUMBER"],
  ];
  for (const code of lasting) {
    expect(fault(code)).toMatchObject({ passing: false, message: `no secure connection: because (${code})` });
  }
  for (const code of ["ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ERR_TLS_HANDSHAKE_TIMEOUT", "WHATEVER"]) {
    expect(fault(code).passing).toBe(true);
  }
  expect(networkFault(new Error("odd"))).toMatchObject({ passing: true, message: "odd" });
});
