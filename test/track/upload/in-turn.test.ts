import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { InTurn } from "../../../src/track/upload/in-turn.ts";

test("a job begins when the one before it has ended", async () => {
  const jobs = new InTurn();
  const done: string[] = [];
  jobs.add(async () => {
    await sleep(20);
    done.push("first");
  });
  jobs.add(async () => void done.push("second"));
  await jobs.idle();
  expect(done).toEqual(["first", "second"]);
});

test("after a failure nothing else is begun, and whoever waits is told", async () => {
  const jobs = new InTurn();
  const done: string[] = [];
  jobs.add(() => Promise.reject(new Error("no room")));
  jobs.add(async () => void done.push("second"));
  await expect(jobs.idle()).rejects.toThrow("no room");
  expect(() => jobs.throwIfFailed()).toThrow("no room");
  expect(done).toEqual([]);
});
