import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serveUi } from "../../src/web/serve.ts";
import { workFolder } from "../support/work-folder.ts";
import { writeRun } from "../support/written-runs.ts";

const folder = workFolder();
writeRun(folder, "first", {});

async function takenPort(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

test("serves for this machine alone, without a token, until it is closed, streams included", async () => {
  const page = await serveUi({ folder, port: 0 });
  expect(page.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(page.isOpen).toBe(false);
  const { runs } = (await (await fetch(`${page.url}api/runs`)).json()) as { runs: { name: string }[] };
  expect(runs.map(({ name }) => name)).toEqual(["first"]);
  const events = await fetch(`${page.url}api/events`);
  await page.close();
  await expect(events.text()).rejects.toThrow();
  await expect(fetch(page.url)).rejects.toThrow();
});

test("where others can reach it, each time has a token of its own", async () => {
  const pages = [
    await serveUi({ folder, port: 0, host: "0.0.0.0" }),
    await serveUi({ folder, port: 0, host: "0.0.0.0" }),
  ];
  const tokens = pages.map(({ url }) => new URL(url).searchParams.get("token")!);
  expect(tokens[0]).toMatch(/^[\w-]{32}$/);
  expect(tokens[0]).not.toBe(tokens[1]);
  const { port } = new URL(pages[0]!.url);
  expect((await fetch(`http://127.0.0.1:${port}/api/runs`)).status).toBe(401);
  const entered = await fetch(`http://127.0.0.1:${port}/?token=${tokens[0]}`, { redirect: "manual" });
  expect(entered.status).toBe(302);
  await Promise.all(pages.map((page) => page.close()));
});

test("two hundred runs may be named at once, however long their names are", async () => {
  const page = await serveUi({ folder, port: 0 });
  const names = Array.from({ length: 200 }, (_, i) => `run=${encodeURIComponent(`${i}${"ü".repeat(120)}`)}`);
  const response = await fetch(`${page.url}api/export?${names.join("&")}`);
  expect([response.status, await response.text()]).toEqual([404, expect.stringContaining("there is no such run")]);
  await page.close();
});

test("a port in use is told, and no other is taken", async () => {
  const { server, port } = await takenPort();
  await expect(serveUi({ folder, port })).rejects.toMatchObject({
    message: `port ${port} of 127.0.0.1 is in use`,
    hint: expect.stringContaining("--port 0"),
  });
  server.close();
});

test.each([
  ["a folder that is not there", { folder: join(folder, "gone") }, "there is no such folder"],
  ["a file for a folder", { folder: join(folder, "first", "config.yaml") }, "is no folder"],
  ["a run for a folder of runs", { folder: join(folder, "first") }, "is a run"],
  ["a port that is none", { folder, port: 70_000 }, "--port 70000: is no port"],
  ["an address of another machine", { folder, port: 0, host: "192.0.2.1" }, "cannot be listened at"],
])("%s is refused", async (_, options, message) => {
  await expect(serveUi({ port: 0, ...options })).rejects.toThrow(message);
});
