import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { LiveEvent } from "./api.ts";
import type { LiveRuns } from "./live-runs.ts";

/** After so much silence a sign of life goes out, in milliseconds: else no side learns of a connection that is dead. */
const HEARTBEAT = 15_000;
/**
 * Events that wait for a client that does not read, besides some for each run, for all may change in one moment; it is let go,
 * and fetches all anew when it comes back.
 */
const MOST_WAITING = 2000;
const WAITING_A_RUN = 4;

/** Sends what changes, as it changes, for as long as the client listens. */
export function sendEvents(c: Context, runs: LiveRuns, heartbeat = HEARTBEAT): Response {
  return streamSSE(
    c,
    (stream) => pass(stream, runs, heartbeat),
    async (_error, stream) => stream.abort(),
  );
}

async function pass(stream: SSEStreamingApi, runs: LiveRuns, heartbeat: number): Promise<void> {
  const waiting: LiveEvent[] = [];
  let isOver = false;
  let wake = () => {};
  const end = () => {
    isOver = true;
    wake();
  };
  const stop = runs.listen((event) => {
    if (waiting.push(event) <= MOST_WAITING + WAITING_A_RUN * runs.size) return wake();
    end();
    stream.abort();
  });
  runs.ended.addEventListener("abort", end);
  stream.onAbort(end);
  try {
    await stream.write(": listening\n\n"); // headers go out with the first byte
    while (!isOver) {
      const event = waiting.shift();
      if (event) await stream.writeSSE({ data: JSON.stringify(event) });
      else if (!(await isWoken(heartbeat, (call) => (wake = call)))) await stream.write(": \n\n");
    }
  } finally {
    stop();
    runs.ended.removeEventListener("abort", end);
  }
}

/** Waits to be woken; false when nobody does in so many milliseconds. */
function isWoken(milliseconds: number, offer: (wake: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    offer(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
