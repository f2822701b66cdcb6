import fc from "fast-check";
import { expect, test } from "vitest";
import { HostQueue } from "../../../src/data/download/host-queue.ts";

interface Job {
  readonly host: string;
  readonly id: number;
}

function queueOf(perHost: number, ...jobs: readonly string[]) {
  const queue = new HostQueue<Job>(perHost);
  jobs.forEach((host, id) => {
    queue.add({ host, id });
  });
  const takeAll = (now = 0) => {
    const taken: string[] = [];
    for (let job = queue.take(now); job; job = queue.take(now)) taken.push(`${job.host}${job.id}`);
    return taken;
  };
  return { queue, takeAll };
}

test("hosts take turns, each in the order of its jobs, up to its places", () => {
  const { queue, takeAll } = queueOf(2, "a", "a", "a", "a", "b", "c");
  expect(takeAll()).toEqual(["a0", "b4", "c5", "a1"]);
  expect(queue.isEmpty).toBe(false);
  queue.release("a");
  expect(takeAll()).toEqual(["a2"]);
  queue.release("a");
  queue.release("a");
  expect(takeAll()).toEqual(["a3"]);
  expect(queue.isEmpty).toBe(true);
});

test("what was begun comes before what was not", () => {
  const { queue, takeAll } = queueOf(9, "a");
  queue.addFirst({ host: "a", id: 7 });
  expect(takeAll()).toEqual(["a7", "a0"]);
});

test("a job for later waits, and its host does not", () => {
  const { queue, takeAll } = queueOf(9, "a");
  queue.addLater({ host: "a", id: 7 }, 30);
  queue.addLater({ host: "b", id: 8 }, 20);
  expect(takeAll(10)).toEqual(["a0"]);
  expect(queue.nextDue).toBe(20);
  expect(takeAll(20)).toEqual(["b8"]);
  expect(queue.isEmpty).toBe(false);
  expect(takeAll(31)).toEqual(["a7"]);
  expect(queue.nextDue).toBeUndefined();
});

test("a host that pauses is passed over until its longest pause ends", () => {
  const { queue, takeAll } = queueOf(9, "a", "b");
  expect(queue.pause("a", 20)).toBe(true);
  expect(queue.pause("a", 10)).toBe(false);
  expect(queue.pause("a", 30)).toBe(true);
  queue.addFirst({ host: "a", id: 7 });
  expect(takeAll(0)).toEqual(["b1"]);
  expect(takeAll(20)).toEqual([]);
  expect(queue.nextDue).toBe(30);
  expect(takeAll(30)).toEqual(["a7", "a0"]);
});

test("every job comes out once, never too early and never beyond the places", () => {
  const someJob = fc.record({ host: fc.constantFrom("a", "b", "c"), due: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(someJob), fc.integer({ min: 1, max: 3 }), (jobs, perHost) => {
      const queue = new HostQueue<Job>(perHost);
      jobs.forEach(({ host, due }, id) => {
        queue.addLater({ host, id }, due);
      });
      const taken: number[] = [];
      for (let now = 0; now < 10 + jobs.length; now++) {
        const batch: Job[] = [];
        for (let job = queue.take(now); job; job = queue.take(now)) batch.push(job);
        for (const host of ["a", "b", "c"])
          expect(batch.filter((j) => j.host === host).length).toBeLessThanOrEqual(perHost);
        for (const { host, id } of batch) {
          expect(jobs[id].due).toBeLessThanOrEqual(now);
          taken.push(id);
          queue.release(host);
        }
      }
      expect(taken.sort((a, b) => a - b)).toEqual(jobs.map((_, id) => id));
      expect(queue.isEmpty).toBe(true);
    }),
  );
});
