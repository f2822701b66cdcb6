import { expect, test } from "vitest";
import { parseHistory } from "../../src/report/history-columns.ts";
import { CURVE_NUMBERS, readCurve, sumUp } from "../../src/report/run-curve.ts";

const history = (records: readonly object[]) =>
  parseHistory(Buffer.from(records.map((r) => `${JSON.stringify(r)}\n`).join("")), CURVE_NUMBERS);
const steps = (count: number, lossOf: (step: number) => number | null) =>
  history(
    Array.from({ length: count }, (_, i) => {
      return {
        step: i + 1,
        loss: lossOf(i + 1),
        samples: 4,
        seconds: 0.5,
        tokens_per_s: 100,
        rss_bytes: 1000 + (i % 7),
      };
    }),
  );

test("a curve knows how far the run was in steps, rows and seconds", () => {
  const { raw, smooth } = readCurve(
    steps(3, (step) => 4 - step),
    400,
  );
  expect(raw.at(-1)).toEqual({ step: 3, samples: 12, seconds: 1.5, loss: 1 });
  expect(smooth.map(({ step }) => step)).toEqual([1, 2, 3]);
});

test("a long curve is thinned and keeps its spikes", () => {
  const { raw, smooth } = readCurve(
    steps(50_000, (step) => (step === 31_313 ? 99 : 2 + Math.sin(step))),
    100,
  );
  expect(raw.length).toBeLessThanOrEqual(200);
  expect(smooth).toHaveLength(100);
  expect(raw.filter(({ loss }) => loss === 99)).toEqual([
    { step: 31_313, samples: 4 * 31_313, seconds: 31_313 / 2, loss: 99 },
  ]);
  expect(raw.every(({ step }, i) => i === 0 || step > raw[i - 1]!.step)).toBe(true);
});

test("losses that are no numbers are counted and not drawn, their cost counts", () => {
  const broken = steps(10, (step) => (step % 2 ? null : 1));
  expect(readCurve(broken, 400).raw.map(({ step }) => step)).toEqual([2, 4, 6, 8, 10]);
  expect(sumUp(broken)).toEqual({
    ...{ steps: 10, last_step: 10, last_mean_loss: 1, broken_losses: 5, seconds: 5, samples: 40 },
    ...{ samples_per_s: 8, tokens_per_s: 100, peak_memory_bytes: 1006 },
  });
});

test("steps that were not read cost what the next one does", () => {
  const gaps = history([1, 11, 21].map((step) => ({ step, loss: 1, samples: 2, seconds: 3 })));
  expect(sumUp(gaps)).toMatchObject({ samples: 2 * 21, seconds: 3 * 21, tokens_per_s: null });
});

test("nothing is nothing", () => {
  expect(readCurve(history([]), 400)).toEqual({ raw: [], smooth: [] });
  expect(sumUp(history([]))).toMatchObject({ steps: 0, seconds: null, last_mean_loss: null, peak_memory_bytes: null });
});
