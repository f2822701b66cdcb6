import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { limitConcurrency } from "../../src/util/concurrency.ts";

test("as many tasks run as allowed, no more, and a failed one makes room too", async () => {
  const limit = limitConcurrency(2);
  let running = 0;
  let most = 0;
  const task = (i: number) => async () => {
    most = Math.max(most, ++running);
    await turn();
    running--;
    if (i % 3 === 0) throw new Error(`${i}`);
    return i;
  };
  const results = await Promise.allSettled(Array.from({ length: 7 }, (_, i) => limit(task(i))));
  expect(most).toBe(2);
  expect(results.map((r) => (r.status === "fulfilled" ? r.value : r.reason.message))).toEqual([
    "0",
    1,
    2,
    "3",
    4,
    5,
    "6",
  ]);
});
