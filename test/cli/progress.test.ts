import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { formatDuration, type Progress, showProgress } from "../../src/cli/progress.ts";

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

function step(progress: Progress, done: number, total: number, numbers: { loss?: number; rate?: number } = {}) {
  progress.step({ unit: "steps", done, total, ...numbers });
}

/** Cursor to the line's start, line cleared. */
const WIPED = "\u001b\\[1G\u001b\\[2K";
/** DEC private modes, such as a hidden cursor. */
const SETTING = "\u001b[?";

describe("away from a terminal", () => {
  test("a long job prints a line every few seconds", () => {
    const { progress, pass, text } = stage(false);
    for (let done = 1; done <= 100; done++, pass(1)) step(progress, done, 1000, { loss: 2, rate: 12.345 });
    const lines = text().trim().split("\n");
    expect(lines).toHaveLength(20);
    expect(lines[1]).toBe("6/1000 steps  loss 2.0000  12.3 samples/s  16 min 34 s left");
  });

  test("a quick job prints a line each tenth, the first and the last", () => {
    const { progress, text } = stage(false);
    for (let done = 1; done <= 40; done++) step(progress, done, 40);
    expect(text().trim().split("\n")).toEqual(
      [1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 40].map((n) => expect.stringMatching(new RegExp(`^${n}/40 steps`))),
    );
  });

  test("rows that are answered between steps are told of when they take long, and not taken for steps", () => {
    const { progress, pass, text } = stage(false);
    for (let done = 1; done <= 3; done++) {
      step(progress, done, 20);
      pass(2);
      for (let row = 1; row <= 4; row++, pass(2)) progress.step({ unit: "rows", done: row, total: 4 });
    }
    expect(text().trim().split("\n")).toEqual([
      "1/20 steps",
      "4/4 rows  0.500 rows/s",
      "2/20 steps  3 min 0 s left",
      "4/4 rows  0.500 rows/s",
      "3/20 steps  2 min 50 s left",
      "4/4 rows  0.500 rows/s",
    ]);
  });

  test("a note stands on its own line", () => {
    const { progress, text } = stage(false);
    progress.note("checkpoint saved");
    progress.stop();
    expect(text()).toBe("checkpoint saved\n");
  });
});

describe("on a terminal", () => {
  test("a bar shows step, loss, rate and the time left", () => {
    const { progress, pass, text } = stage(true);
    step(progress, 5, 10, { loss: 1.5, rate: 3 });
    pass(60);
    step(progress, 6, 10, { loss: 1.25, rate: 3 });
    progress.stop();
    expect(text()).toMatch(/━+╌+ 6\/10 steps {2}loss 1\.2500 {2}3\.00 samples\/s {2}4 min 0 s left/);
  });

  test("a note and the end wipe the bar, and no setting of the terminal is changed", () => {
    const { progress, text } = stage(true);
    step(progress, 1, 10);
    text();
    progress.note("saved");
    expect(text()).toMatch(new RegExp(`${WIPED}saved\n$`));
    step(progress, 2, 10);
    progress.stop();
    const all = text();
    expect(all).toMatch(new RegExp(`2/10 steps.*${WIPED}$`, "s"));
    expect(all).not.toContain(SETTING);
  });

  test("rows that are answered between steps get a bar of their own", () => {
    const { progress, pass, text } = stage(true);
    step(progress, 1, 10);
    progress.step({ unit: "rows", done: 2, total: 4 });
    expect(text()).toMatch(/━{6}╌{6} 2\/4 rows/);
    pass(30);
    step(progress, 4, 10);
    expect(text()).toMatch(/━{5}╌{7} 4\/10 steps {2}1 min 0 s left/);
    progress.stop();
  });
});

test.each([
  [0.4, "0 s"],
  [45, "45 s"],
  [200, "3 min 20 s"],
  [3599.6, "1 h 0 min"],
  [4320, "1 h 12 min"],
])("%d seconds read %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
