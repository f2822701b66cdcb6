import { appendFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { expect, test } from "vitest";
import type { LiveEvent } from "../../src/web/api.ts";
import { createApp } from "../../src/web/app.ts";
import { type LiveRuns, watchRuns } from "../../src/web/live-runs.ts";
import { workFolder } from "../support/work-folder.ts";
import { writeRun } from "../support/written-runs.ts";
import { indexed } from "./written-page.ts";

const folder = workFolder();

/** A page of its own, and clients of it that listen. */
function openStream(heartbeat = 60_000) {
  const runs = watchRuns(folder, { pause: 10 });
  let listeners = 0;
  const counted: LiveRuns = {
    ...runs,
    listen(listener) {
      listeners++;
      const stop = runs.listen(listener);
      return () => {
        listeners--;
        stop();
      };
    },
  };
  const app = createApp({ runs: counted, heartbeat });
  const listen = async () => {
    const response = await app.request("/api/events");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    /** What came until it holds this text, or was over. */
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) {
        const { done, value } = await reader.read();
        if (done) return "over";
        text += value;
      }
      return text;
    };
    return { response, until, leave: () => reader.cancel() };
  };
  return { runs, listen, app, listeners: () => listeners };
}

const eventsIn = (text: string) =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!) as LiveEvent);

test("all clients get what changes, from one watcher, and those that leave are forgotten", async () => {
  const path = writeRun(folder, "first", {});
  const { runs, listen, listeners } = openStream();
  await indexed(runs, "first");
  const clients = [await listen(), await listen()];
  expect(clients[0]!.response.headers.get("content-type")).toBe("text/event-stream");
  for (const client of clients) await client.until(": listening");
  appendFileSync(join(path, "history.jsonl"), '{"step":4,"loss":0.125}\n');
  for (const client of clients) {
    const events = eventsIn(await client.until('"kind":"points"'));
    expect(events).toContainEqual({ kind: "points", run: "first", records: [{ step: 4, loss: 0.125 }] });
  }
  expect(listeners()).toBe(2);
  await clients[1]!.leave();
  rmSync(path, { recursive: true });
  expect(eventsIn(await clients[0]!.until('"kind":"gone"')).at(-1)).toEqual({ kind: "gone", run: "first" });
  expect(listeners()).toBe(1);
  await runs.close();
});

test("a client hears of all runs when all change in one moment, and one that does not read is let go", async () => {
  const listeners: ((event: LiveEvent) => void)[] = [];
  const listen: LiveRuns["listen"] = (listener) => {
    listeners.push(listener);
    return () => {};
  };
  const runs = { ...watchRuns(folder), size: 3000, listen };
  const app = createApp({ runs });
  const tell = (count: number) => {
    for (let i = 0; i < count; i++) for (const listener of listeners) listener({ kind: "gone", run: `run-${i}` });
  };
  const reader = (await app.request("/api/events")).body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value!;
  tell(3000);
  for (let isOver = false; !isOver && !text.includes("run-2999"); ) {
    const { done, value } = await reader.read();
    isOver = done;
    text += value ?? "";
  }
  expect(eventsIn(text)).toHaveLength(3000);
  tell(20_000);
  for (let isOver = false; !isOver; ) isOver = (await reader.read()).done;
  await runs.close();
});

test("silence is broken by a sign of life", async () => {
  const { runs, listen } = openStream(20);
  const client = await listen();
  expect(await client.until(": \n\n: \n\n")).toContain(": listening");
  await runs.close();
});

test("a client whose connection breaks is forgotten", async () => {
  const { runs, app, listeners } = openStream();
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const leaving = new AbortController();
  await fetch(`http://127.0.0.1:${port}/api/events`, { signal: leaving.signal });
  expect(listeners()).toBe(1);
  leaving.abort();
  while (listeners() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  server.close();
  await runs.close();
});

test("streams end when all is over", async () => {
  const { runs, listen } = openStream();
  const client = await listen();
  await client.until(": listening");
  await runs.close();
  expect(await client.until("never")).toBe("over");
});
