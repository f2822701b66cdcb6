import { expect, test } from "vitest";
import { Hurry, isPassingStatus, PAUSES, pauseAfter, retrying, UploadFault } from "../../../src/track/upload/retry.ts";

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

const options = (attempts: number, signal = new AbortController().signal) => ({
  ...{ attempts, signal, hurry: new Hurry(), pauses: { firstMs: 60_000, longestMs: 60_000 } },
  onFault: () => {},
});

test("a pause ends when there is hurry, and an attempt follows", async () => {
  let attempts = 0;
  const work = async () => {
    if (++attempts === 1) throw new UploadFault("away", { passing: true });
    return attempts;
  };
  const asked = options(5);
  const result = retrying(work, asked);
  setTimeout(() => asked.hurry.now(), 5);
  expect(await result).toBe(2);
});

test("a pause ends when all is given up", async () => {
  const stop = new AbortController();
  const result = retrying(() => Promise.reject(new UploadFault("away", { passing: true })), options(5, stop.signal));
  setTimeout(() => stop.abort(new Error("given up")), 5);
  await expect(result).rejects.toThrow("given up");
});
