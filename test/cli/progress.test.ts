import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { formatDuration, showProgress } from "../../src/cli/progress.ts";

/** A stream that is or is no terminal, what was written to it, and a clock moved by hand. */
function stage(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100, cursorTo() {}, clearLine() {} });
  let seconds = 0;
  return {
    progress: showProgress(stream, () => seconds),
    pass: (more: number) => {
      seconds += more;
    },
    text: () => String(stream.read() ?? ""),
  };
}

describe("away from a terminal", () => {
  test("a long job prints a line every few seconds", () => {
    const { progress, pass, text } = stage(false);
    for (let done = 1; done <= 100; done++, pass(1)) progress.step({ done, total: 1000, loss: 2, rate: 12.345 });
    const lines = text().trim().split("\n");
    expect(lines).toHaveLength(20);
    expect(lines[1]).toBe("6/1000  loss 2.0000  12.3 samples/s  16 min 34 s left");
  });

  test("a quick job prints a line each tenth, the first and the last", () => {
    const { progress, text } = stage(false);
    for (let done = 1; done <= 40; done++) progress.step({ done, total: 40 });
    expect(text().trim().split("\n")).toEqual(
      [1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 40].map((n) => expect.stringMatching(new RegExp(`^${n}/40`))),
    );
  });

  test("a note stands on its own line", () => {
    const { progress, text } = stage(false);
    progress.note("checkpoint saved");
    progress.stop();
    expect(text()).toBe("checkpoint saved\n");
  });
});

test("a terminal gets a bar with step, loss, rate and the time left", () => {
  const { progress, pass, text } = stage(true);
  progress.step({ done: 5, total: 10, loss: 1.5, rate: 3 });
  pass(60);
  progress.step({ done: 6, total: 10, loss: 1.25, rate: 3 });
  progress.note("saved");
  progress.stop();
  expect(text()).toMatch(/━+╌+ 6\/10 {2}loss 1\.2500 {2}3\.00 samples\/s {2}4 min 0 s left/);
});

test.each([
  [0.4, "0 s"],
  [45, "45 s"],
  [200, "3 min 20 s"],
  [3599.6, "1 h 0 min"],
  [4320, "1 h 12 min"],
])("%d seconds read %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
