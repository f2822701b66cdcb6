import { afterEach, expect, test, vi } from "vitest";
import { proxies } from "../../src/http/proxies.ts";

afterEach(() => vi.unstubAllEnvs());

const NAMES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"];

function inEnvironment(variables: Readonly<Record<string, string>>) {
  for (const name of NAMES) vi.stubEnv(name, variables[name]);
  return proxies();
}

test("a proxy without a scheme is reached by HTTP, as curl has it", () => {
  expect(inEnvironment({ HTTPS_PROXY: "proxy.example:3128" })).toEqual({ httpsProxy: "http://proxy.example:3128" });
});

test("the name in small letters comes first, and an empty one is none", () => {
  expect(inEnvironment({ http_proxy: "http://small:1", HTTP_PROXY: "http://large:1", HTTPS_PROXY: " " })).toEqual({
    httpProxy: "http://small:1",
  });
});

test("what is no address is named by its variable and not shown, for it may hold a password", () => {
  const ask = () => inEnvironment({ HTTPS_PROXY: "ftp://user:secret@proxy.example" });
  expect(ask).toThrow("HTTPS_PROXY: is no address of a proxy");
  expect(ask).not.toThrow("secret");
});
