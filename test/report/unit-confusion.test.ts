import { expect, test } from "vitest";
import { confuseUnits, confusionTable } from "../../src/report/unit-confusion.ts";
import { row } from "./records.ts";

test("rows are counted by the unit of truth and answer, no answer and other texts last", () => {
  const rows = [
    row(0, "5 gram", "6 gram"),
    row(1, "5 ounce", "6 gram"),
    row(2, "", "6 ounce"),
    row(3, "<b>five</b>", "6 gram"),
    row(4, "5 gram", "6 gram"),
    row(5, "1 gram", ""),
  ];
  const confusion = confuseUnits(rows);
  expect(confusion).toEqual({
    truths: ["gram", "ounce", "blank"],
    answers: ["gram", "ounce", "blank", "other"],
    rows: [
      [2, 1, 0, 1],
      [0, 0, 1, 0],
      [1, 0, 0, 0],
    ],
  });
  const { text } = confusionTable(confusion);
  expect(text).toContain('title="50.0% of the row">2</td>');
  expect(text).not.toContain("five");
});
