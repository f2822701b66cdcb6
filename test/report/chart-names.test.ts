import fc from "fast-check";
import { expect, test } from "vitest";
import { chartName, chartNames } from "../../src/report/chart-names.ts";
import { lossSpec } from "../../src/report/loss-chart.ts";

const START = "a-folder-of-many-letters/and-another-one/";

test("runs whose names begin alike have names of their own in a chart", () => {
  const runs = [`${START}first`, `${START}second`, "short"];
  const nameOf = chartNames(runs);
  expect(new Set(runs.map(nameOf)).size).toBe(3);
  expect(nameOf(runs[0])).toMatch(/first$/);
});

test("names of any texts are distinct and have room, and one that is alone is cut at its end", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.tuple(fc.constantFrom("", START, `${START}${START}`), fc.string({ maxLength: 3 }), fc.constantFrom("", START)),
  );
  fc.assert(
    fc.property(fc.uniqueArray(text.map(String), { maxLength: 12 }), (texts) => {
      const names = texts.map(chartNames(texts));
      expect(new Set(names).size).toBe(texts.length);
      for (const name of names) expect([...name].length).toBeLessThanOrEqual(41);
    }),
  );
  expect(chartNames(["x".repeat(50)])("x".repeat(50))).toBe(chartName("x".repeat(50)));
});

test("the losses of two runs that begin alike are two lines", () => {
  const curve = (loss: number) => ({ raw: [], smooth: [{ step: 1, samples: 1, seconds: 1, loss }] });
  const curves = ["one", "two"].map((end, i) => ({ name: `${START}${end}`, curve: curve(i) }));
  const names = curves.map(({ name }) => name);
  const spec = lossSpec(curves, names, { x: "step", isLog: false }, { width: 720, isAlone: true });
  const [, { data }] = (spec as unknown as { layer: readonly { data: { values: readonly { run: string }[] } }[] })
    .layer;
  expect(new Set(data.values.map(({ run }) => run)).size).toBe(2);
});
