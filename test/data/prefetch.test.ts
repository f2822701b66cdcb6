import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { prefetch } from "../../src/data/prefetch.ts";

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

test("results come in the order of the items, whatever is ready first", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.nat()), fc.nat({ max: 5 }), async (scheduler, items, ahead) => {
      const prepare = (item: number) => scheduler.schedule(Promise.resolve(item));
      const results = collect(prefetch(items, prepare, ahead));
      await scheduler.waitFor(results);
      expect(await results).toEqual(items);
    }),
  );
});

test("no more than the next few are made while one is in use", async () => {
  for (const ahead of [0, 1, 3]) {
    let made = 0;
    let taken = 0;
    for await (const _ of prefetch([...Array(8).keys()], async () => made++, ahead)) {
      taken++;
      await turn();
      expect(made).toBe(Math.min(8, taken + ahead));
    }
  }
});

test("an error comes where its result would have", async () => {
  const prepare = async (n: number) => {
    if (n === 2) throw new Error("two");
    return n;
  };
  const seen: number[] = [];
  const all = async () => {
    for await (const n of prefetch([0, 1, 2, 3], prepare, 3)) seen.push(n);
  };
  await expect(all()).rejects.toThrow("two");
  expect(seen).toEqual([0, 1]);
});

test("an abort ends the wait for a result that never comes", async () => {
  const stop = new AbortController();
  const results = prefetch([0], () => new Promise<never>(() => {}), 1, stop.signal);
  const first = results.next();
  stop.abort(new Error("stopped"));
  await expect(first).rejects.toThrow("stopped");
});
