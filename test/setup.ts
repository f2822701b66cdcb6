import { afterEach, expect, vi } from "vitest";

// A stray line on the console hides the one that matters: a test that prints must spy on the console itself.
const log = vi.spyOn(console, "log");
const error = vi.spyOn(console, "error");

afterEach(() => {
  const printed = [...log.mock.calls, ...error.mock.calls].map((args) => args.join(" "));
  log.mockClear();
  error.mockClear();
  expect(printed, "this test printed to the console").toEqual([]);
});
