import { expect, test } from "vitest";
import { isPassingStatus, networkFault, statusFault } from "../../src/http/faults.ts";

test("faults of the server and of the moment may pass, others may not", () => {
  expect([408, 425, 429, 500, 502, 503, 504, 599].filter((status) => !isPassingStatus(status))).toEqual([]);
  expect([204, 206, 304, 400, 401, 403, 404, 410, 451].filter(isPassingStatus)).toEqual([]);
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

test("an answer that is none has the name of its status, and the server's wish", () => {
  const headers = { "retry-after": "7" };
  const busy = { message: "the server answered 503 Service Unavailable", passing: true, retryAfter: 7 };
  expect(statusFault(503, headers)).toMatchObject(busy);
  expect(statusFault(410, headers)).toMatchObject({ passing: false, status: 410 });
  expect(statusFault(599, {}).message).toBe("the server answered 599");
});
