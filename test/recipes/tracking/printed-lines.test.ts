import { expect, test } from "vitest";
import { printing } from "../../../src/recipes/tracking/printed-lines.ts";

const SCORE = { f1: 0.5, precision: 0.5, recall: 0.5, accuracy: 0.5, rows: 4, tp: 2, fp: 1, fn: 1, tn: 0 };

test("what an observer is told is printed, and the observer is told of it first", () => {
  const [told, lines] = [[] as unknown[], [] as string[]];
  const print = (line: string) => void lines.push(line);
  const observer = printing(
    {
      note: (text) => void told.push([text, lines.length]),
      step: ({ step }) => void told.push([step, lines.length]),
      evaluated: (split) => void told.push([split, lines.length]),
      within: (done) => void told.push([done, lines.length]),
    },
    print,
  );
  observer.note?.("a note");
  observer.within?.(0.5, 2);
  observer.step?.({ step: 1, loss: 0.25, samples_per_s: 12.345 }, 2);
  observer.step?.({ step: 2, loss: null }, 2);
  observer.evaluated?.("val", { ...SCORE, by_entity: {} });
  expect(told).toEqual([
    ["a note", 0],
    [0.5, 1],
    [1, 1],
    [2, 2],
    ["val", 3],
  ]);
  expect(lines).toEqual([
    "a note",
    "1/2 steps  loss 0.2500  12.3 samples/s",
    "2/2 steps  loss is no number",
    "val: F1 0.5000, 2 of 4 right",
  ]);
});

test("of many steps a hundredth has a line, the first and the last among them", () => {
  const lines: string[] = [];
  const observer = printing(undefined, (line) => void lines.push(line));
  for (let step = 1; step <= 100_000; step++) observer.step?.({ step, loss: 1 }, 100_000);
  expect(lines.length).toBeLessThanOrEqual(101);
  expect([lines.at(0), lines.at(-1)]).toEqual(["1/100000 steps  loss 1.0000", "100000/100000 steps  loss 1.0000"]);
});
