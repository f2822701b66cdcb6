import { expect, test } from "vitest";
import { type CurvePoint, drawLossCurve } from "../../src/report/loss-curve.ts";

const falling = (steps: number): CurvePoint[] =>
  Array.from({ length: steps }, (_, i) => ({ step: i + 1, loss: 4 / (1 + i / 10) + Math.sin(i) / 10 }));
const countPoints = (svg: string) => svg.match(/aria-roledescription="point"/g)?.length ?? 0;

test("every step of a short run is a point", async () => {
  const svg = await drawLossCurve(falling(24), "quiet-otter-17");
  expect(svg).toMatch(/^<svg /);
  expect(svg).toContain("quiet-otter-17");
  expect(svg).toContain("optimiser step");
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(countPoints(svg)).toBe(24);
});

test.each([0, 1])("a run of %i steps has a chart", async (steps) => {
  const svg = await drawLossCurve(falling(steps), "run");
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(countPoints(svg)).toBe(steps);
});

test("100,000 steps become a small picture that keeps the spikes", async () => {
  const steps = falling(100_000).map((p) => (p.step === 77_777 ? { ...p, loss: 9 } : p));
  const svg = await drawLossCurve(steps, "long");
  expect(svg.length).toBeLessThan(500_000);
  expect(svg).toMatch(/loss: 9\D/);
});

test("evaluations on the way get a panel of their own; a loss that was no number is left out", async () => {
  const history = falling(10).map((p) => (p.step % 5 === 0 ? { ...p, eval_f1: p.step / 20 } : p));
  const svg = await drawLossCurve([...history, { step: 11, loss: null }], "run");
  expect(svg).toContain(">F1<");
  expect(svg).not.toMatch(/NaN/);
});
