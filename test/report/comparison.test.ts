import { describe, expect, test } from "vitest";
import { compareRuns } from "../../src/report/comparison.ts";
import { valueKey } from "../../src/report/run-record.ts";
import { record, row } from "./records.ts";

const truths = Array.from({ length: 40 }, (_, i) => `${i + 1} gram`);
/** Right in the first `right` rows. */
const answers = (right: number) => truths.map((truth, i) => row(i, i < right ? truth : "0 gram", truth));

describe("two runs", () => {
  const { tests, runs, disagreements, shared_rows } = compareRuns(
    [record("first", answers(10)), record("other", answers(30))],
    "val",
  );

  test("are scored, and tested on the rows that one alone has right", () => {
    expect(shared_rows).toBe(40);
    expect(runs.map(({ score }) => score!.accuracy.value)).toEqual([0.25, 0.75]);
    const [paired] = tests;
    expect(paired).toMatchObject({
      first: "first",
      other: "other",
      rows: 40,
      only_first_right: 0,
      only_other_right: 20,
    });
    expect(paired!.mcnemar.exact).toBeCloseTo(2 ** -19, 12);
    expect(paired!.f1_difference.low).toBeGreaterThan(0);
  });

  test("have rows to show on which they disagree", () => {
    expect(disagreements.rows).toBe(20);
    expect(disagreements.shown).toHaveLength(20);
    expect(disagreements.shown[0]!.row.index).toBe("10");
    expect(disagreements.shown[0]!.answers).toEqual([
      { run: "first", answer: "0 gram", is_right: false },
      { run: "other", answer: "11 gram", is_right: true },
    ]);
  });
});

test("of many rows that runs disagree on both kinds are shown, evenly", () => {
  const half = (isFirst: boolean) =>
    Array.from({ length: 400 }, (_, i) => row(i, i < 200 === isFirst ? "1 gram" : "2 gram", "1 gram"));
  const { rows, shown } = compareRuns([record("a", half(true)), record("b", half(false))], "val").disagreements;
  expect(rows).toBe(400);
  expect(shown).toHaveLength(24);
  expect(shown.filter(({ answers }) => answers[0]!.is_right)).toHaveLength(12);
});

test("only settings that differ are told, the run's own name is not one", () => {
  const settings = { "train.lr": "0.02", "run.name": "b", "lora.rank": "8" };
  expect(compareRuns([record("a", null), record("b", null, { settings })], "val").differences).toEqual([
    { key: "train.lr", values: ["0.01", "0.02"] },
    { key: "lora.rank", values: [null, "8"] },
  ]);
});

test("values that training has not shown have an accuracy of their own", () => {
  const trainingValues = new Set(truths.slice(0, 20).map((truth) => valueKey("item_weight", ` ${truth}`)));
  const { score } = compareRuns([record("a", answers(10), { trainingValues })], "val").runs[0]!;
  expect(score!.seen_values).toMatchObject({ rows: 20, accuracy: { value: 0.5 } });
  expect(score!.unseen_values).toMatchObject({ rows: 20, accuracy: { value: 0 } });
});

test("scores are by entity, and by unit of the truth", () => {
  const rows = [
    row(0, "1 gram", "1 gram"),
    row(1, "1 watt", "2 gram"),
    row(2, "", "", "width"),
    row(3, "x", "3 to 4", "width"),
  ];
  const { score } = compareRuns([record("a", rows)], "val").runs[0]!;
  expect(Object.entries(score!.by_entity).map(([name, { rows }]) => [name, rows])).toEqual([
    ["item_weight", 2],
    ["width", 2],
  ]);
  expect(Object.keys(score!.by_unit)).toEqual(["blank", "gram", "other"]);
});

describe("runs that answered different rows", () => {
  test("are compared on those they share, and it is told", () => {
    const { notes, shared_rows, runs } = compareRuns(
      [record("a", answers(40)), record("b", answers(40).slice(0, 10))],
      "val",
    );
    expect(shared_rows).toBe(10);
    expect(runs.map(({ score }) => score!.rows)).toEqual([10, 10]);
    expect(notes).toEqual(["the runs answered different rows (a 40, b 10): compared on the 10 that all have"]);
  });

  test("none of which is shared, are not tested", () => {
    const { notes, tests, runs } = compareRuns(
      [record("a", answers(4)), record("b", [row(0, "1 watt", "2 watt")])],
      "val",
    );
    expect(tests).toEqual([]);
    expect(runs.map(({ score }) => score!.rows)).toEqual([40, 1]);
    expect(notes[0]).toMatch(/^no row was answered by all runs/);
  });

  test("are paired by link where links are known, for an index says nothing then", () => {
    const linked = (order: readonly number[]) =>
      order.map((n, i) => ({ ...row(i, `${n} gram`, "5 gram"), link: `https://x/${n}.jpg` }));
    const { shared_rows, tests } = compareRuns([record("a", linked([5, 6, 7])), record("b", linked([7, 5, 6]))], "val");
    expect(shared_rows).toBe(3);
    expect(tests[0]).toMatchObject({ only_first_right: 0, only_other_right: 0 });
  });
});

test("a run without answers stands beside the others without a score", () => {
  const { runs, tests } = compareRuns([record("a", null), record("b", answers(3)), record("c", answers(9))], "val");
  expect(runs.map(({ score }) => score?.tp ?? null)).toEqual([null, 3, 9]);
  expect(tests.map(({ first, other }) => [first, other])).toEqual([["b", "c"]]);
});
