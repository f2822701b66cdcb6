import { execFileSync } from "node:child_process";
import { appendFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HistoryFile } from "../../src/web/history-file.ts";
import type { SeriesQuery } from "../../src/web/series.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
let files = 0;
const newPath = () => join(folder, `history-${files++}.jsonl`);

const LOSS: SeriesQuery = { metric: "loss", axis: "step", points: 1000 };
const line = (step: number, rest: object = {}) => `${JSON.stringify({ step, loss: 1 / step, samples: 4, ...rest })}\n`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => line(from + i, { seconds: 0.5 })).join("");

function written(text: string): { path: string; file: HistoryFile } {
  const path = newPath();
  writeFileSync(path, text);
  return { path, file: new HistoryFile(path) };
}

const readAll = (file: HistoryFile) => {
  for (;;) {
    const advance = file.advance(1000);
    if (advance.isAtEnd) return advance;
  }
};

describe("a history that grows", () => {
  test("is read on from where it was, and its new lines are told", async () => {
    const { path, file } = written(lines(1, 3));
    expect(file.isRead).toBe(false);
    expect(readAll(file)).toEqual({ isAtEnd: true, isAnew: false, records: null });
    appendFileSync(path, line(4, { eval_f1: 0.5, loss: null }));
    expect(readAll(file)).toEqual({
      isAtEnd: true,
      isAnew: false,
      records: [{ step: 4, loss: null, samples: 4, eval_f1: 0.5 }],
    });
    expect(file.summary).toMatchObject({
      step: 4,
      brokenLines: 0,
      metrics: { loss: { last: null, min: 1 / 3, max: 1 }, eval_f1: { last: 0.5, min: 0.5, max: 0.5 } },
    });
  });

  test("in the middle of a line is waited for: it is no error", () => {
    const { path, file } = written(lines(1, 2));
    const [begin, end] = ['{"step":3,"lo', 'ss":9}\n'];
    appendFileSync(path, begin);
    readAll(file);
    expect(file.summary).toMatchObject({ step: 2, brokenLines: 0 });
    appendFileSync(path, end);
    expect(readAll(file).records).toEqual([{ step: 3, loss: 9 }]);
  });

  test("begins with no file", () => {
    const file = new HistoryFile(newPath());
    expect(readAll(file)).toEqual({ isAtEnd: true, isAnew: false, records: [] });
    writeFileSync(file.path, line(1));
    expect(readAll(file).records).toHaveLength(1);
  });

  test("by more than anybody wants one by one has its new lines fetched as a whole", () => {
    const { path, file } = written(line(1));
    readAll(file);
    appendFileSync(path, lines(2, 1500));
    let records: readonly unknown[] | null = [];
    for (let isAtEnd = false; !isAtEnd; ) ({ isAtEnd, records } = file.advance(2 ** 22));
    expect(records).toBeNull();
    expect(file.summary.step).toBe(1500);
  });
});

describe("a history that is not the one it was", () => {
  test("because a resumed run cut it back is read anew", async () => {
    const { path, file } = written(lines(1, 9));
    readAll(file);
    writeFileSync(`${path}.tmp`, lines(1, 5));
    renameSync(`${path}.tmp`, path);
    expect(file.advance(10_000)).toEqual({ isAtEnd: true, isAnew: true, records: null });
    expect(file.summary.step).toBe(5);
    expect((await file.points(LOSS)).x).toEqual([1, 2, 3, 4, 5]);
  });

  test("because it was cut in place and has grown past its old end is read anew", () => {
    const { path, file } = written(lines(1, 3));
    readAll(file);
    writeFileSync(path, lines(11, 19)); // the same inode
    expect(file.advance(10_000)).toMatchObject({ isAnew: true });
    expect(file.summary.metrics.loss!.max).toBe(1 / 11);
  });

  test("because it was deleted has no lines", async () => {
    const { path, file } = written(lines(1, 3));
    readAll(file);
    rmSync(path);
    expect(file.advance(10_000)).toMatchObject({ isAtEnd: true, isAnew: true });
    expect((await file.points(LOSS)).x).toEqual([]);
  });
});

describe("a broken line", () => {
  test("in the middle is counted and passed over", async () => {
    const { file } = written(`${line(1)}what\n\u0000\n[1]\n${line(2)}`);
    readAll(file);
    expect(await file.points(LOSS)).toMatchObject({ x: [1, 2], brokenLines: 3 });
  });

  test("without an end in sight does not fill memory, and is one", async () => {
    const { path, file } = written(line(1) + "x".repeat(3 * 2 ** 20));
    readAll(file);
    appendFileSync(path, `yy\n${line(2)}`);
    readAll(file);
    expect(await file.points(LOSS)).toMatchObject({ x: [1, 2], brokenLines: 1 });
  });
});

describe("points", () => {
  const long = written(
    Array.from({ length: 20_000 }, (_, i) => line(i + 1, { loss: i === 12_344 ? 99 : 1, seconds: 0.25 })).join(""),
  ).file;
  readAll(long);

  test("of a long history are stretches in which a spike of one step stands", async () => {
    const { x, mean, max, isExact } = await long.points(LOSS);
    expect(isExact).toBe(false);
    expect(x.length).toBeGreaterThan(500);
    expect(x.length).toBeLessThanOrEqual(1000);
    expect(max.filter((value) => value === 99)).toHaveLength(1);
    expect(Math.abs(x[max.indexOf(99)]! - 12_345)).toBeLessThan(20_000 / x.length);
    expect(mean[0]).toBe(1);
  });

  test("of a short part of it are exact steps, read again from the file", async () => {
    const { x, max, isExact } = await long.points({ ...LOSS, from: 12_300, to: 12_400 });
    expect(isExact).toBe(true);
    expect(x).toEqual(Array.from({ length: 101 }, (_, i) => 12_300 + i));
    expect(max.indexOf(99)).toBe(45);
  });

  test.each([
    ["samples", 4],
    ["time", 0.25],
  ] as const)("against %s stand where that many have been counted, in a part too", async (axis, each) => {
    const whole = await long.points({ ...LOSS, axis });
    expect(whole.x.at(-1)).toBeLessThanOrEqual(20_000 * each);
    expect(whole.x.at(-1)).toBeGreaterThan(19_900 * each);
    const part = await long.points({ ...LOSS, axis, from: 12_300 * each, to: 12_400 * each });
    expect(part.x).toEqual(Array.from({ length: 101 }, (_, i) => (12_300 + i) * each));
    expect(part.max.indexOf(99)).toBe(45);
  });

  test("before all was read are from even pieces, and say so; later from all", async () => {
    const text = Array.from({ length: 60_000 }, (_, i) => line(i + 1, { loss: 2, lr: 0.0001 })).join("");
    const { file } = written(text);
    const sampled = await file.points({ ...LOSS, axis: "samples" });
    expect(sampled).toMatchObject({ isSampled: true, isExact: false });
    expect(sampled.x.length).toBeGreaterThan(100);
    expect(sampled.x.at(-1)! / 240_000).toBeCloseTo(1, 1);
    readAll(file);
    expect((await file.points(LOSS)).isSampled).toBeUndefined();
  });

  test("of a metric that some steps have stand at these steps alone; a null is a gap", async () => {
    const { file } = written(line(1) + line(2, { eval_f1: 0.5 }) + line(3) + line(4, { eval_f1: null }));
    expect(await file.points({ ...LOSS, metric: "eval_f1" })).toMatchObject({
      x: [2, 4],
      mean: [0.5, null],
      min: [0.5, null],
      isExact: true,
    });
  });

  test("of what no step has, or against what none counts, are none", async () => {
    const { file } = written(line(1, { samples: undefined }));
    expect((await file.points({ ...LOSS, metric: "speed" })).x).toEqual([]);
    expect((await file.points({ ...LOSS, axis: "time" })).x).toEqual([]);
  });

  test("ascend, also in a history with steps out of order", async () => {
    const { file } = written(line(3) + line(1) + line(2));
    expect(await file.points(LOSS)).toMatchObject({ x: [1, 2, 3], mean: [1, 1 / 2, 1 / 3] });
  });
});

test("a link is no history, for it may lead anywhere, nor is a pipe, which nobody may write to", () => {
  const [target, link, pipe] = [written(lines(1, 3)).path, newPath(), newPath()];
  symlinkSync(target, link);
  execFileSync("mkfifo", [pipe]);
  for (const path of [link, pipe]) {
    const file = new HistoryFile(path);
    expect(file.advance(1000)).toEqual({ isAtEnd: true, isAnew: false, records: [] });
    expect(file.summary).toEqual({ step: 0, metrics: {}, brokenLines: 0 });
  }
});
