import fc from "fast-check";
import { expect, test } from "vitest";
import { type Judged, outcomeOf, scoreRows } from "../../src/challenge/score.ts";
import { random } from "../../src/util/random.ts";

test("the four outcomes", () => {
  expect(outcomeOf("34 gram", "34 gram")).toBe("tp");
  expect(outcomeOf(" 34 gram\n", "34 gram")).toBe("tp");
  expect(outcomeOf("34.0 gram", "34 gram")).toBe("fp");
  expect(outcomeOf("34 gram", "")).toBe("fp");
  expect(outcomeOf("", "34 gram")).toBe("fn");
  expect(outcomeOf(" ", "")).toBe("tn");
  expect(outcomeOf("\u00a0", "\u00a0")).toBe("tn");
  expect(outcomeOf("\u00a034 gram", "\u00a034 gram ")).toBe("tp");
  expect(outcomeOf("\ufeff34 gram", "34 gram")).toBe("fp"); // Python's strip leaves it there, and takes U+0085 away
  expect(outcomeOf("\x8534 gram\x1f", "34 gram")).toBe("tp");
});

test("F1 over all rows and per entity", () => {
  const rows: Judged[] = [
    { entity: "width", prediction: "1 inch", truth: "1 inch" },
    { entity: "width", prediction: "2 inch", truth: "1 inch" },
    { entity: "voltage", prediction: "", truth: "5 volt" },
    { entity: "voltage", prediction: "", truth: "" },
  ];
  const score = scoreRows(rows);
  expect(score).toMatchObject({ tp: 1, fp: 1, fn: 1, tn: 1, rows: 4, precision: 0.5, recall: 0.5, f1: 0.5 });
  expect(score.by_entity.width).toEqual({ tp: 1, fp: 1, fn: 0, tn: 0, rows: 2, precision: 0.5, recall: 1, f1: 2 / 3 });
  expect(score.by_entity.voltage).toMatchObject({ f1: 0, precision: 0, recall: 0, fn: 1, tn: 1 });
});

test("a ratio without a denominator is 0", () => {
  expect(scoreRows([])).toEqual({ f1: 0, precision: 0, recall: 0, tp: 0, fp: 0, fn: 0, tn: 0, rows: 0, by_entity: {} });
});

const text = fc.constantFrom("", "1 gram", "2 gram", " 1 gram");
const judged = fc.array(fc.record({ entity: fc.constantFrom("width", "height"), prediction: text, truth: text }));

test("the order of rows does not matter", () => {
  fc.assert(
    fc.property(judged, fc.nat(), (rows, seed) => {
      const shuffled = [...random(seed, "rows").permutation(rows.length)].map((i) => rows[i]);
      expect(scoreRows(shuffled)).toEqual(scoreRows(rows));
    }),
  );
});

test("counts of entities add up to the counts of all rows, and every row has one outcome", () => {
  fc.assert(
    fc.property(judged, (rows) => {
      const { by_entity, ...all } = scoreRows(rows);
      for (const key of ["tp", "fp", "fn", "tn", "rows"] as const) {
        expect(Object.values(by_entity).reduce((sum, score) => sum + score[key], 0)).toBe(all[key]);
      }
      expect(all.tp + all.fp + all.fn + all.tn).toBe(rows.length);
    }),
  );
});
