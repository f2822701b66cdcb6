import { expect, test } from "vitest";
import { type ConfidentAnswer, reliability } from "../../src/challenge/calibration.ts";
import { reliabilitySpec } from "../../src/report/reliability-chart.ts";
import { renderSvg } from "../../src/report/vega-svg.ts";

const answers = (confidence: number, right: number, wrong: number): ConfidentAnswer[] =>
  Array.from({ length: right + wrong }, (_, i) => {
    return { confidence, prediction: "1 gram", truth: i < right ? "1 gram" : "2 gram" };
  });
const BEFORE = reliability([...answers(0.95, 600, 400), ...answers(0.25, 50, 150)]);
const AFTER = reliability([...answers(0.65, 600, 400), ...answers(0.25, 50, 150)]);
const WIDE = { width: 600, isAlone: true };

const draw = (before = BEFORE, after = AFTER, place = WIDE) => renderSvg(reliabilitySpec(before, after, place));
const sizeOf = (svg: string) => /<svg[^>]* width="(\d+)" height="(\d+)"/.exec(svg)!.slice(1).map(Number);

/** What screen readers are told of each bar: its numbers. */
const barsOf = (svg: string) => {
  return [...svg.matchAll(/aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="bar"/g)].map(
    ([, label]) => label,
  );
};

test("each panel says how many answers it shows and how far they are off", async () => {
  const svg = await draw();
  for (const text of ["as the model says", "calibrated", "1,200 answers", "calibration error 29.2%", "confidence"]) {
    expect(svg).toContain(`>${text}<`);
  }
  expect(svg).toContain(">calibration error 4.2%<");
});

test("a bin with answers has a bar of the right ones; how many there are is said of each bin", async () => {
  const bars = barsOf(await draw());
  expect(bars.filter((bar) => bar.includes("share"))).toEqual([
    "confidence: 0.2 – 0.3; share of right answers: 0.3", // 0.25, to one digit
    "confidence: 0.9 – 1; share of right answers: 0.6",
    "confidence: 0.2 – 0.3; share of right answers: 0.3",
    "confidence: 0.6 – 0.7; share of right answers: 0.6",
  ]);
  const counts = bars.filter((bar) => !bar.includes("share"));
  expect(counts).toHaveLength(20);
  expect(counts.filter((bar) => !bar.endsWith("answers: 0"))).toEqual([
    "confidence: 0.2 – 0.3; answers: 200",
    "confidence: 0.9 – 1; answers: 1,000",
    "confidence: 0.2 – 0.3; answers: 200",
    "confidence: 0.6 – 0.7; answers: 1,000",
  ]);
});

test("panels stand beside each other in 600 pixels, and above each other where there are fewer", async () => {
  const [width, height] = sizeOf(await draw());
  expect(width).toBeGreaterThan(580);
  expect(width).toBeLessThan(640);
  expect(height).toBeLessThan(width);
  const [narrow, high] = sizeOf(await draw(BEFORE, AFTER, { width: 340, isAlone: false }));
  expect(narrow).toBeLessThan(360);
  expect(high).toBeGreaterThan(2 * narrow);
});

test("without answers there are axes", async () => {
  const nothing = reliability([]);
  const svg = await draw(nothing, nothing);
  expect(svg).toContain(">0 answers<");
  expect(svg).not.toMatch(/NaN|undefined/);
});
