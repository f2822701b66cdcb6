import { expect, test } from "vitest";
import { FIRST_STATE, type PredictionsView } from "../../../src/web/page/page-state.ts";
import { filterRows, pairRows, windowOf } from "../../../src/web/page/prediction-rows.ts";
import { predictionRow } from "./rows.ts";

const first = [
  predictionRow(0),
  predictionRow(1, { outcome: "fp", answer: "5 gram" }),
  predictionRow(2, { outcome: "tn", truth: "", answer: "", entity: "voltage" }),
  predictionRow(3, { outcome: "fn", answer: "" }),
];
const second = [
  predictionRow(1),
  predictionRow(0, { outcome: "fp", answer: "7 kilogram" }),
  predictionRow(2, { outcome: "tn", truth: "", answer: "" }),
  predictionRow(3, { outcome: "fp", answer: "1 gram" }),
];
const paired = pairRows(first, second);
const found = (view: Partial<PredictionsView>) =>
  filterRows(paired, { ...FIRST_STATE.predictions, ...view }).map(({ row }) => row.index);

test("answers of two runs meet by row, and only where both were asked the same", () => {
  expect(paired.map(({ other }) => other?.answer ?? null)).toEqual(["7 kilogram", "34 gram", null, "1 gram"]);
});

test("rows that one run has right and the other wrong are found", () => {
  expect(found({ versus: "first" })).toEqual(["0"]);
  expect(found({ versus: "second" })).toEqual(["1"]);
  expect(found({ versus: "neither" })).toEqual(["3"]);
  expect(found({})).toEqual(["0", "1", "2", "3"]);
});

test("rows are found by entity, outcome, and text of either answer", () => {
  expect(found({ entity: "voltage" })).toEqual(["2"]);
  expect(found({ outcome: "fn" })).toEqual(["3"]);
  expect(found({ text: " KILO " })).toEqual(["0"]);
  expect(found({ text: "34", outcome: "fp" })).toEqual(["1"]);
});

test("of a hundred thousand rows those in sight are drawn, and a few around them", () => {
  expect(windowOf(64 * 50_000, 640, 64, 100_000, 6)).toEqual({ first: 49_994, end: 50_016 });
  expect(windowOf(0, 640, 64, 3)).toEqual({ first: 0, end: 3 });
  expect(windowOf(64 * 500, 640, 64, 3)).toEqual({ first: 3, end: 3 });
});
