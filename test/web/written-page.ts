import type { Hono } from "hono";
import { afterAll } from "vitest";
import type { LiveEvent } from "../../src/web/api.ts";
import { type AppOptions, createApp } from "../../src/web/app.ts";
import { type LiveRuns, watchRuns } from "../../src/web/live-runs.ts";

/** The page over a folder, looked at every few milliseconds, gone after the tests. */
export function openPage(folder: string, options: Omit<AppOptions, "runs"> = {}) {
  const runs = watchRuns(folder, { pause: 10 });
  afterAll(() => runs.close());
  const app = createApp({ runs, ...options });
  return { app, runs, get: (address: string) => getJson(app, address) };
}

async function getJson(app: Hono, address: string) {
  const response = await app.request(address);
  return { status: response.status, body: (await response.json()) as Body };
}

// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of any shape
type Body = any;

/** What comes until an event is the one that is waited for. */
export async function eventsUntil(
  runs: LiveRuns,
  isLast: (event: LiveEvent) => boolean,
  change: () => unknown,
): Promise<readonly LiveEvent[]> {
  const events: LiveEvent[] = [];
  await new Promise<void>((resolve) => {
    const stop = runs.listen((event) => {
      events.push(event);
      if (!isLast(event)) return;
      stop();
      resolve();
    });
    change();
  });
  return events;
}

/** Waits until a run's history was read to its end. */
export async function indexed(runs: LiveRuns, name: string): Promise<void> {
  const isIndexed = () => runs.find(name)?.row().isIndexed === true;
  if (!isIndexed())
    await eventsUntil(
      runs,
      (event) => event.kind === "run" && isIndexed(),
      () => {},
    );
}
