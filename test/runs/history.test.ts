import { appendFileSync, mkdtempSync, readFileSync } from "node:fs";
import type * as Promises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { appendHistory, readHistory, syncHistory, truncateHistory } from "../../src/runs/history.ts";

/** Files that were synced, in order. */
const synced: string[] = vi.hoisted(() => []);

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof Promises>();
  const open = async (...args: Parameters<typeof real.open>) => {
    const file = await real.open(...args);
    const sync = file.sync.bind(file);
    file.sync = async () => {
      await sync();
      synced.push(`${args[0]}`);
    };
    return file;
  };
  return { ...real, open };
});

const newFile = () => join(mkdtempSync(join(tmpdir(), "amlc-history-")), "history.jsonl");

function threeSteps(): string {
  const file = newFile();
  for (const step of [1, 2, 3]) appendHistory(file, { step, loss: 1 / step, lr: 0.1 });
  return file;
}

test("what is appended is read back; a history that has not begun is empty", () => {
  expect(readHistory(newFile())).toEqual([]);
  expect(readHistory(threeSteps())[2]).toEqual({ step: 3, loss: 1 / 3, lr: 0.1 });
});

test("a history is synced when that is asked for, one that has not begun without a file", async () => {
  const file = threeSteps();
  expect(synced).toEqual([]);
  await syncHistory(file);
  expect(synced).toEqual([file]);
  await syncHistory(newFile());
  expect(readHistory(file)).toHaveLength(3);
});

test("a loss that is no number is null", () => {
  const file = newFile();
  appendHistory(file, { step: 1, loss: Number.NaN, grad_norm: Number.POSITIVE_INFINITY });
  expect(readHistory(file)).toEqual([{ step: 1, loss: null, grad_norm: null }]);
});

test("a last line cut short by a crash is left out", () => {
  const file = threeSteps();
  appendFileSync(file, '{"step":4,"lo');
  expect(readHistory(file).map(({ step }) => step)).toEqual([1, 2, 3]);
});

test("a broken line further up is named", () => {
  const file = threeSteps();
  appendFileSync(file, 'oops\n{"step":5,"loss":1}\n');
  expect(() => readHistory(file)).toThrow("history.jsonl:4: not a history record: oops");
});

test("a line that only another program writes, with NaN in it, is named too", () => {
  const file = threeSteps();
  appendFileSync(file, '{"step":4,"loss":NaN}\n{"step":5,"loss":1}\n');
  expect(() => readHistory(file)).toThrow("history.jsonl:4: not a history record: ");
});

test("a resumed run drops the steps it takes again, byte for byte", async () => {
  const file = threeSteps();
  const before = readFileSync(file, "utf8");
  appendFileSync(file, '{"step":4');
  await truncateHistory(file, 2);
  expect(readFileSync(file, "utf8")).toBe(`${before.split("\n").slice(0, 2).join("\n")}\n`);
});
