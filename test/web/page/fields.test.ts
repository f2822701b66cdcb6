import fc from "fast-check";
import { expect, test } from "vitest";
import {
  differingSettings,
  fieldsOf,
  findField,
  formatValue,
  isNumeric,
  settingOf,
  sortRuns,
  usualColumns,
} from "../../../src/web/page/fields.ts";
import { runRow } from "./rows.ts";

const runs = [
  runRow("run-10", { settings: { "train.lr": "0.1", "run.name": "a", base: "tiny" }, scores: { val: 0.5 } }),
  runRow("run-9", { settings: { "train.lr": "0.02", "run.name": "b", base: "tiny" } }),
  runRow("run-1", { settings: { "train.lr": "null", "run.name": "c", base: "tiny" }, scores: { val: 0.7 } }),
];
const fields = fieldsOf(runs);
const sorted = (id: string, isDescending: boolean) =>
  sortRuns(runs, findField(fields, id)!, isDescending).map(({ name }) => name);

test("runs are sorted by numbers as numbers, and by names with the numbers in them", () => {
  expect(sorted("name", false)).toEqual(["run-1", "run-9", "run-10"]);
  expect(sorted("train.lr", true)[0]).toBe("run-1");
  expect(sortRuns(runs.slice(0, 2), findField(fields, "train.lr")!, false)[0]!.name).toBe("run-9");
});

test("a run that lacks a field is last either way", () => {
  expect(sorted("f1.val", false)).toEqual(["run-10", "run-1", "run-9"]);
  expect(sorted("f1.val", true)).toEqual(["run-1", "run-10", "run-9"]);
});

test("sorting loses no run", () => {
  const scores = fc.array(fc.option(fc.double({ noNaN: true })), { maxLength: 20 });
  fc.assert(
    fc.property(scores, fc.boolean(), (values, isDescending) => {
      const rows = values.map((val, i) => runRow(`r${i}`, { scores: val === null ? {} : { val } }));
      const field = findField(fieldsOf([runRow("x", { scores: { val: 1 } })]), "f1.val")!;
      expect(new Set(sortRuns(rows, field, isDescending))).toEqual(new Set(rows));
    }),
  );
});

test("settings differ where one run has another value or none; its name and folder do not count", () => {
  expect(differingSettings(runs)).toEqual(["train.lr"]);
  expect(differingSettings([...runs, runRow("z", { settings: { "train.lr": "1" } })])).toEqual(["train.lr", "base"]);
  expect(differingSettings([...runs, runRow("broken")])).toEqual(["train.lr"]);
  expect(differingSettings(runs.slice(0, 1))).toEqual([]);
});

test("usual columns are what runs differ in, and how they did", () => {
  expect(usualColumns(runs)).toEqual(["state", "step", "started", "f1.val", "train.lr"]);
});

test("a column of numbers stays one where a run has none", () => {
  expect(isNumeric(findField(fields, "train.lr")!, runs)).toBe(true);
  expect(isNumeric(findField(fields, "base")!, runs)).toBe(false);
});

test("a setting may have the name of what every object has", () => {
  const odd = runRow("odd", { settings: { constructor: "x", toString: "y" } });
  expect(findField(fieldsOf([odd]), "constructor")!.read(runRow("plain"))).toBeNull();
  expect(settingOf(runRow("plain"), "constructor")).toBeUndefined();
  expect(formatValue(null)).toBe("–");
});
