import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  answerThreshold,
  type ConfidentAnswer,
  calibrate,
  calibrateRows,
  encodeCalibration,
  fitCalibration,
  fitPlatt,
  reliability,
} from "../../src/challenge/calibration.ts";
import { scoreRows } from "../../src/challenge/score.ts";
import { random } from "../../src/util/random.ts";

const AS_IT_IS = { a: 1, b: 0 };
const GRAM = "1 gram";

const answer = (confidence: number, truth = GRAM, prediction = GRAM): ConfidentAnswer => {
  return { confidence, prediction, truth };
};
const right = (confidence: number) => answer(confidence);
const wrong = (confidence: number) => answer(confidence, "2 gram");
const repeat = (row: ConfidentAnswer, times: number) => Array.from({ length: times }, () => row);

/** Rows of any kind, some without a truth, some without an answer. */
const anyRows = fc.array(
  fc.record({
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    prediction: fc.constantFrom(GRAM, GRAM, GRAM, ""),
    truth: fc.constantFrom(GRAM, "2 gram", ""),
  }),
  { maxLength: 60 },
);

/** Rows whose answers are right with chance σ(a · logit(confidence) + b); a share `empty` has no truth, whatever the confidence. */
function simulate(count: number, { a, b, empty }: { a: number; b: number; empty: number }, seed = 1) {
  const stream = random(seed, "simulated answers");
  return Array.from({ length: count }, () => {
    const confidence = (1 - empty) * stream.uniform() ** 0.7;
    const p = calibrate(confidence, { a, b });
    if (stream.uniform() < p) return right(confidence);
    return stream.uniform() < empty / (1 - p) ? answer(confidence, "") : wrong(confidence);
  });
}

const f1Of = (rows: readonly ConfidentAnswer[], threshold = 0) =>
  scoreRows(
    rows.map(({ confidence, prediction, truth }) => {
      return { entity: "", prediction: confidence >= threshold ? prediction : "", truth };
    }),
  ).f1;

describe("reliability", () => {
  test("is confidence beside the share of right answers, in bins of equal width", () => {
    const { bins, rows, ece } = reliability([right(0.1), wrong(0.2), right(0.6), right(1), wrong(0.9)], 2);
    expect(rows).toBe(5);
    expect(bins).toEqual([
      { from: 0, to: 0.5, rows: 2, confidence: expect.closeTo(0.15, 12), accuracy: 0.5 },
      { from: 0.5, to: 1, rows: 3, confidence: expect.closeTo(2.5 / 3, 12), accuracy: expect.closeTo(2 / 3, 12) },
    ]);
    expect(ece).toBeCloseTo((2 * 0.35 + 3 * (0.5 / 3)) / 5, 12);
  });

  test("leaves out rows without an answer; an answer where none is wanted is wrong", () => {
    const { bins, rows } = reliability([right(0.5), answer(0.5, ""), answer(0.5, GRAM, ""), answer(0, "", " ")], 1);
    expect(rows).toBe(2);
    expect(bins[0].accuracy).toBe(0.5);
  });

  test("of nothing has empty bins", () => {
    const { bins, rows, ece } = reliability([]);
    expect([bins.length, rows, ece]).toEqual([10, 0, 0]);
    expect(bins[3]).toEqual({ from: 0.3, to: 0.4, rows: 0, confidence: null, accuracy: null });
  });

  test("counts every answer once, in the bin that its confidence lies in", () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 1, max: 20 }), (rows, count) => {
        const { bins, rows: answered, ece } = reliability(rows, count);
        expect(bins.reduce((sum, bin) => sum + bin.rows, 0)).toBe(answered);
        expect(ece).toBeGreaterThanOrEqual(0);
        expect(ece).toBeLessThanOrEqual(1);
        for (const { from, to, confidence } of bins) {
          if (confidence === null) continue;
          expect(confidence).toBeGreaterThan(from - 1e-9);
          expect(confidence).toBeLessThan(to + 1e-9);
        }
      }),
    );
  });
});

describe("Platt scaling", () => {
  test.each([
    { a: 1, b: 0 },
    { a: 0.5, b: -0.8 },
    { a: 1.7, b: 0.4 },
  ])("finds what answers were drawn with: %o", (drawn) => {
    const rows = simulate(40_000, { ...drawn, empty: 0 });
    const { a, b } = fitPlatt(rows);
    expect(Math.abs(a - drawn.a)).toBeLessThan(0.06);
    expect(Math.abs(b - drawn.b)).toBeLessThan(0.06);
    expect(reliability(calibrateRows(rows, { a, b })).ece).toBeLessThan(0.015);
  });

  test("is where the slopes of the likelihood are 0", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const platt = fitPlatt(rows);
        const answered = rows.filter(({ prediction }) => prediction !== "");
        const good = answered.filter(({ truth }) => truth === GRAM).length;
        const target = { right: (good + 1) / (good + 2), wrong: 1 / (answered.length - good + 2) };
        let [offset, slope] = [0, 0];
        for (const { confidence, truth } of answered) {
          const inside = Math.min(1 - 1e-6, Math.max(1e-6, confidence));
          const error = calibrate(confidence, platt) - (truth === GRAM ? target.right : target.wrong);
          offset += error;
          slope += error * Math.log(inside / (1 - inside));
        }
        expect(Math.abs(offset)).toBeLessThan(1e-4);
        expect(Math.abs(slope)).toBeLessThan(1e-4);
      }),
    );
  });

  test("of answers that confidence tells apart without error is steep and finite", () => {
    const platt = fitPlatt([...repeat(right(0.9), 50), ...repeat(wrong(0.8), 50)]);
    expect(calibrate(0.9, platt)).toBeCloseTo(51 / 52, 6);
    expect(calibrate(0.8, platt)).toBeCloseTo(1 / 52, 6);
  });

  test("of answers that are all right, all wrong or all as sure is their number's best guess", () => {
    const all = (row: (confidence: number) => ConfidentAnswer) => fitPlatt([0.2, 0.5, 0.7, 0.99].map(row));
    for (const c of [0, 0.4, 1]) {
      expect(calibrate(c, all(right))).toBeCloseTo(5 / 6, 6);
      expect(calibrate(c, all(wrong))).toBeCloseTo(1 / 6, 6);
    }
    const even = fitPlatt([...repeat(right(1), 30), ...repeat(wrong(1), 10)]);
    expect(calibrate(1, even)).toBeCloseTo((30 * (31 / 32) + 10 * (1 / 12)) / 40, 6);
    expect(even.a).toBeCloseTo(0, 12);
  });

  test("of no answers leaves confidences as they are", () => {
    expect(fitPlatt([answer(0.5, GRAM, "")])).toEqual(AS_IT_IS);
    expect(calibrate(0.3, AS_IT_IS)).toBeCloseTo(0.3, 12);
  });
});

describe("the threshold", () => {
  /** What is expected when the answers with `isKept` are given. */
  const expectedF1 = (rows: readonly ConfidentAnswer[], q: number, isKept: (p: number) => boolean) => {
    const kept = rows.filter(
      ({ prediction, confidence }) => prediction !== "" && isKept(calibrate(confidence, AS_IT_IS)),
    );
    const hits = kept.reduce((sum, { confidence }) => sum + calibrate(confidence, AS_IT_IS), 0);
    return hits === 0 ? 0 : (2 * hits) / (kept.length + hits + q * (rows.length - kept.length));
  };

  test("reaches the largest expected F1 of all thresholds, and is the fixed point of its formula", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const { threshold, q, blanked } = answerThreshold(rows, AS_IT_IS);
        const reached = expectedF1(rows, q, (p) => p >= threshold - 1e-12);
        for (const { confidence } of rows) {
          const at = calibrate(confidence, AS_IT_IS);
          expect(reached).toBeGreaterThanOrEqual(expectedF1(rows, q, (p) => p >= at) - 1e-9);
        }
        expect(threshold).toBeCloseTo((reached * (1 - q)) / (2 - reached), 9);
        const answered = rows.filter(({ prediction }) => prediction !== "");
        expect(blanked).toBe(answered.filter(({ confidence }) => calibrate(confidence, AS_IT_IS) < threshold).length);
      }),
    );
  });

  test("is 0 when every row has a truth, however unsure the answers", () => {
    const rows = [right(0.9), wrong(0.01), wrong(0), answer(0.2, GRAM, "")];
    expect(answerThreshold(rows, AS_IT_IS)).toEqual({ threshold: 0, q: 1, f1Before: 0.4, f1After: 0.4, blanked: 0 });
    expect(answerThreshold([], AS_IT_IS)).toEqual({ threshold: 0, q: 1, f1Before: 0, f1After: 0, blanked: 0 });
  });

  test.each([1, 2, 3, 4, 5])("of rows a fifth of which has no truth is about the best there is (draw %i)", (seed) => {
    const rows = simulate(10_000, { a: 1, b: 0, empty: 0.2 }, seed);
    const { threshold, q, f1Before, f1After, blanked } = answerThreshold(rows, AS_IT_IS);
    expect(Math.abs(q - 0.8)).toBeLessThan(0.02);
    expect(f1Before).toBe(f1Of(rows));
    expect(f1After).toBe(f1Of(rows, threshold));
    expect(f1After).toBeGreaterThan(f1Before);
    expect(blanked).toBeGreaterThan(0);
    const best = Math.max(...Array.from({ length: 41 }, (_, i) => f1Of(rows, i / 100)));
    expect(f1After).toBeGreaterThan(best - 0.002); // what is best on these rows is so by chance, too
  });

  test("helps where answers that lack a truth are those that the model is least sure of, too", () => {
    const stream = random(1, "empty truths by confidence");
    const rows = Array.from({ length: 10_000 }, () => {
      const confidence = stream.uniform();
      if (stream.uniform() < confidence) return right(confidence);
      return stream.uniform() < 0.6 ? answer(confidence, "") : wrong(confidence);
    });
    const { f1Before, f1After } = answerThreshold(rows, AS_IT_IS);
    expect(f1After).toBeGreaterThan(f1Before + 0.02);
  });
});

describe("a calibration", () => {
  const rows = simulate(5000, { a: 1.5, b: -0.8, empty: 0.4 });
  const found = fitCalibration(rows);

  test("brings confidences to what they mean, and says what that and the threshold gave", () => {
    expect(found).toMatchObject({ ...fitPlatt(rows), rows: 5000, q: 1 - found.empty_truths / 5000 });
    expect(found.ece_before).toBe(reliability(rows).ece);
    expect(found.ece_before).toBeGreaterThan(0.1);
    expect(found.ece_after).toBeLessThan(0.03);
    expect(found.f1_before).toBe(f1Of(rows));
    expect(found.f1_after).toBe(f1Of(calibrateRows(rows, found), found.threshold));
    expect(found.f1_after).toBeGreaterThan(found.f1_before);
  });

  test("is written as JSON, and has numbers whatever the rows", () => {
    expect(JSON.parse(encodeCalibration(found))).toEqual(found);
    fc.assert(
      fc.property(anyRows, (some) => {
        for (const number of Object.values(fitCalibration(some))) expect(number).toSatisfy(Number.isFinite);
      }),
    );
  });
});
