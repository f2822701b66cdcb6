import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHistory, readHistoryColumns } from "../../src/report/history-columns.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const NAMES = ["step", "loss", "eval_f1"];
const parse = (text: string) => parseHistory(Buffer.from(text), NAMES);
const lines = (records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join("");

test("any numbers are read as JSON has them, to 14 digits", () => {
  const record = fc.record({
    loss: fc.double({ noNaN: true, noDefaultInfinity: true }),
    lr: fc.double({ noNaN: true, noDefaultInfinity: true }),
    rss_bytes: fc.integer(),
  });
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
      const read = parse(lines(records.map((rest, i) => ({ step: i + 1, ...rest }))));
      expect([...read.column("step")]).toEqual(records.map((_, i) => i + 1));
      read.column("loss").forEach((loss, i) => {
        const wanted = records[i]!.loss;
        expect(Math.abs(loss - wanted)).toBeLessThanOrEqual(Math.abs(wanted) * 1e-14);
      });
    }),
  );
});

test("keys that come and go, text and nothing leave no number, and the steps around them are read", () => {
  const read = parse(
    lines([
      { step: 1, loss: 3.25, note: "a, b}" },
      { step: 2, loss: null },
      { step: 3, loss: 2.5, eval_f1: 0.25 },
      { step: 4, loss: 2.25, note: "c" },
      { step: 5, loss: -1.5e-7 },
    ]),
  );
  expect([...read.column("loss")]).toEqual([3.25, Number.NaN, 2.5, 2.25, -1.5e-7]);
  expect([...read.column("eval_f1")]).toEqual([Number.NaN, Number.NaN, 0.25, Number.NaN, Number.NaN]);
});

test("NaN and Infinity, which JSON has not, are no numbers", () => {
  const read = parse('{"step": 1, "loss": NaN}\n{"step": 2, "loss": -Infinity}\n{"step":3,"loss":1}\n');
  expect([...read.column("loss")]).toEqual([Number.NaN, Number.NaN, 1]);
});

describe("a broken line", () => {
  test("at the end is where the process died", () => {
    expect(parse('{"step":1,"loss":1}\n{"step":2,"lo')).toMatchObject({ steps: 1, brokenLines: 0 });
  });

  test("before others, and a last one that is whole, are passed over and counted", () => {
    const read = parse('{"step":1,"loss":1}\nwhat\n{"step":3,"loss":2}\n[]\n');
    expect(read).toMatchObject({ steps: 2, brokenLines: 2 });
    expect([...read.column("loss")]).toEqual([1, 2]);
  });
});

test("no file is no steps; a folder in its place is told", () => {
  expect(readHistoryColumns(join(folder, "none.jsonl"), NAMES).steps).toBe(0);
  expect(() => readHistoryColumns(folder, NAMES)).toThrow(`${folder}: cannot be read`);
});

test("of a file that is too long whole lines are read, evenly, the first and the last among them", () => {
  const file = join(folder, "long.jsonl");
  const records = Array.from({ length: 40_000 }, (_, i) => ({ step: i + 1, loss: 1 / (i + 1), lr: 0.001 }));
  writeFileSync(file, lines(records));
  expect(readHistoryColumns(file, NAMES).isWhole).toBe(true);
  const { isWhole, steps, column } = readHistoryColumns(file, NAMES, 200_000);
  expect(isWhole).toBe(false);
  expect(steps).toBeGreaterThan(3000);
  expect(steps).toBeLessThan(8000);
  const step = [...column("step")];
  expect([step[0], step.at(-1)]).toEqual([1, 40_000]);
  expect(step.every((s, i) => i === 0 || s > step[i - 1]!)).toBe(true);
  expect(column("loss").every((loss, i) => Math.abs(loss * step[i]! - 1) < 1e-12)).toBe(true);
});
