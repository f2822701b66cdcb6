import { describe, expect, test } from "vitest";
import { workFolder } from "../support/work-folder.ts";
import { writeRun } from "../support/written-runs.ts";
import { openPage } from "./written-page.ts";

const folder = workFolder();
writeRun(folder, "first", {});
const { app } = openPage(folder, { host: "127.0.0.1" });
const TOKEN = "the-token-of-this-test";
const open = openPage(folder, { host: "192.168.7.7", token: TOKEN }).app;

describe("every answer, an error too,", () => {
  test.each(["/", "/api/runs", "/api/nothing", "/modules/preact.js", "/api/events"])(
    "lets nothing of others in, and is for nobody else's page: %s",
    async (path) => {
      const { headers } = await app.request(path, { method: "HEAD" });
      const policy = headers.get("content-security-policy")!.split("; ");
      expect(policy).toEqual([
        "default-src 'none'",
        expect.stringMatching(/^script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='$/),
        ...["style-src 'self'", "img-src 'self' data:", "connect-src 'self'"],
        ...["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"],
      ]);
      expect(Object.fromEntries(headers)).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
      });
      expect(headers.has("access-control-allow-origin")).toBe(false);
    },
  );
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s is refused: the page only shows", async (method) => {
  const response = await app.request("/api/runs", { method });
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

describe("a page of another name that means this machine (DNS rebinding)", () => {
  const status = async (host: string, served = app) =>
    (await served.request("/api/runs", { headers: { host, cookie: `amlc-token=${TOKEN}` } })).status;

  test.each([
    "evil.example",
    "evil.example:4321",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.168.7.7",
    "[::2]",
    "",
  ])("is refused: %s", async (host) => {
    expect(await status(host)).toBe(403);
  });

  test.each(["localhost", "LOCALHOST:4321", "127.0.0.1:4321", "127.1.2.3", "[::1]:4321", "[::1]"])(
    "is not one of this machine's own: %s",
    async (host) => {
      expect(await status(host)).toBe(200);
    },
  );

  test("is refused where others are let in, too; an address is no such name", async () => {
    expect(await status("evil.example", open)).toBe(403);
    expect(await status("192.168.7.7:4321", open)).toBe(200);
    expect(await status("10.0.0.9:4321", open)).toBe(200);
  });
});

describe("where others can reach the page", () => {
  const ask = (path: string, cookie?: string) =>
    open.request(`http://192.168.7.7${path}`, { headers: cookie === undefined ? {} : { cookie } });

  test.each(["/", "/api/runs", "/api/events", "/modules/preact.js", "/page/main.js"])(
    "nothing is shown without the token: %s",
    async (path) => {
      for (const cookie of [undefined, "amlc-token=", "amlc-token=another", "other=1"]) {
        const response = await ask(path, cookie);
        expect(response.status).toBe(401);
        expect(((await response.json()) as { error: { hint: string } }).error.hint).toContain("?token=");
      }
      expect((await ask(`${path}?token=wrong`)).status).toBe(401);
    },
  );

  test("the token of the address becomes a cookie that no script reads, and leaves the address", async () => {
    const response = await ask(`/?tab=charts&token=${TOKEN}&run=first`);
    expect([response.status, response.headers.get("location")]).toEqual([302, "/?tab=charts&run=first"]);
    const cookie = response.headers.get("set-cookie")!;
    expect(cookie.split("; ")).toEqual(expect.arrayContaining([`amlc-token=${TOKEN}`, "HttpOnly", "SameSite=Strict"]));
    expect((await ask("/api/runs", cookie.split("; ")[0])).status).toBe(200);
  });

  test("pages at two ports of one machine have a cookie each, for browsers do not tell ports apart", async () => {
    const cookies = ["4321", "4322"].map(async (port) => {
      const response = await open.request(`http://192.168.7.7:${port}/?token=${TOKEN}`);
      return response.headers.get("set-cookie")!.split("=")[0];
    });
    expect(new Set(await Promise.all(cookies)).size).toBe(2);
    const headers = { cookie: `${await cookies[1]}=${TOKEN}` };
    expect((await open.request("http://192.168.7.7:4322/api/runs", { headers })).status).toBe(200);
  });

  test("long answers are compressed on their way", async () => {
    for (const [served, encoding] of [
      [open, "gzip"],
      [app, null],
    ] as const) {
      const headers = { "accept-encoding": "gzip", cookie: `amlc-token=${TOKEN}` };
      const response = await served.request("http://127.0.0.1/api/runs", { headers });
      expect(response.headers.get("content-encoding")).toBe(encoding);
    }
  });

  test("the way back leads to no other server", async () => {
    const response = await ask(`//evil.example/?token=${TOKEN}`);
    expect(response.headers.get("location")).toBe("/evil.example/");
  });
});
