import { expect, test } from "vitest";
import { passing } from "../../../src/http/faults.ts";
import { retrying } from "../../../src/http/retrying.ts";
import { Hurry, isPassingStatus, PAUSES, pauseAfter } from "../../../src/track/upload/retry.ts";

test.each([400, 401, 403, 404, 409, 410, 413, 422, 501])("%i is answered the same again", (status) => {
  expect(isPassingStatus(status)).toBe(false);
});

test.each([408, 418, 425, 429, 500, 502, 503, 504, 599])("%i may pass", (status) => {
  expect(isPassingStatus(status)).toBe(true);
});

test("a conflict passes when a run is set up, and only then", () => {
  expect([isPassingStatus(409, true), isPassingStatus(409), isPassingStatus(410, true)]).toEqual([true, false, false]);
});

test("pauses double from two seconds to a minute, with up to a quarter more by chance", () => {
  const pauses = [0, 1, 2, 5, 40].map((attempt) => pauseAfter(attempt, undefined, PAUSES, 0));
  expect(pauses).toEqual([2000, 4000, 8000, 60_000, 60_000]);
  expect(pauseAfter(0, undefined, PAUSES, 1)).toBe(2500);
});

test("a server's own wish comes first, within reason", () => {
  expect(pauseAfter(3, 1.5, PAUSES, 1)).toBe(1500);
  expect(pauseAfter(0, 86_400, PAUSES, 0)).toBe(600_000);
});

const options = (hurry: Hurry, signal = new AbortController().signal) => ({
  ...{ attempts: 5, signal },
  pause: () => hurry.wait(60_000, signal),
});

test("a pause ends when there is hurry, and an attempt follows", async () => {
  let attempts = 0;
  const work = async () => {
    if (++attempts === 1) throw passing("away");
    return attempts;
  };
  const hurry = new Hurry();
  const result = retrying(work, options(hurry));
  setTimeout(() => hurry.now(), 5);
  expect(await result).toBe(2);
});

test("a pause ends when all is given up", async () => {
  const stop = new AbortController();
  const result = retrying(() => Promise.reject(passing("away")), options(new Hurry(), stop.signal));
  setTimeout(() => stop.abort(new Error("given up")), 5);
  await expect(result).rejects.toThrow("given up");
});
