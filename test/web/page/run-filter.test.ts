import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldsOf } from "../../../src/web/page/fields.ts";
import { parseFilter } from "../../../src/web/page/run-filter.ts";
import { runRow } from "./rows.ts";

const loss = (last: number) => ({ loss: { last, min: last, max: 4 } });
const runs = [
  runRow("nano-fast", { settings: { "train.lr": "0.003", "lora.rank": "8", base: "nano" }, metrics: loss(0.2) }),
  runRow("nano-slow", { settings: { "train.lr": "1e-5", "lora.rank": "16" }, state: "crashed", scores: { val: 0.5 } }),
  runRow("two words", { settings: { "train.lr": "null", "eval.rank": "1" }, metrics: loss(3) }),
];
const fields = fieldsOf(runs);
const find = (text: string) => runs.filter(parseFilter(text, fields).matches).map(({ name }) => name);

test.each([
  ["", ["nano-fast", "nano-slow", "two words"]],
  ["NANO", ["nano-fast", "nano-slow"]],
  ["nano slow", ["nano-slow"]],
  ['"two words"', ["two words"]],
  ["-nano", ["two words"]],
  ["train.lr>=1e-4", ["nano-fast"]],
  ["train.lr>=0 ", ["nano-fast", "nano-slow"]],
  ["-train.lr>=0", ["two words"]],
  ["base>0", []],
  ["train.lr<1e-4", ["nano-slow"]],
  ["train.lr=0.0030", ["nano-fast"]],
  ["train.lr!=0.003", ["nano-slow", "two words"]],
  ["state:crash", ["nano-slow"]],
  ["-state:finished", ["nano-slow"]],
  ["loss<1", ["nano-fast"]],
  ["loss.max=4", ["nano-fast", "two words"]],
  ["f1.val>=0.5", ["nano-slow"]],
  ["f1.val>49.9% f1.val<=50%", ["nano-slow"]],
  ["f1.val=50%", ["nano-slow"]],
  ["started>2026-11-25", ["nano-fast", "nano-slow", "two words"]],
  ["started>2026-11-26", []],
  ["base:NAN", ["nano-fast"]],
  ["base!=nano", ["nano-slow", "two words"]],
  ['name:"o w" loss>2', ["two words"]],
])("%s finds %j", (text, names) => expect(find(text)).toEqual(names));

test("a key that one setting ends in stands for it; one that two end in does not", () => {
  expect(find("lr<1e-4")).toEqual(["nano-slow"]);
  expect(parseFilter("rank=8", fields).faults).toEqual(["no run has rank"]);
});

test("a term that is not finished or not known is told of and passed over", () => {
  expect(parseFilter("train.lr>= x.y:1 nano", fields).faults).toEqual(["train.lr>= wants a value", "no run has x.y"]);
  expect(find("train.lr>= x.y:1 nano")).toEqual(["nano-fast", "nano-slow"]);
  expect(parseFilter("-loss<low", fields).faults).toEqual(["loss< wants a number"]);
});

test("any text is a filter, and a minus turns any one word round", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { matches } = parseFilter(text, fields);
      expect(runs.filter(matches).length).toBeLessThanOrEqual(runs.length);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]+$/), (word) => {
      expect(find(word).length + find(`-${word}`).length).toBe(runs.length);
    }),
  );
});
