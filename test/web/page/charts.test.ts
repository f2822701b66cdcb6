import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, formatMetric, formatNumber } from "../../../src/web/page/format.ts";
import {
  around,
  isAlone,
  joinLines,
  linesOf,
  middleExtent,
  nearestRow,
  xExtent,
  yExtent,
} from "../../../src/web/page/series-table.ts";
import { smooth } from "../../../src/web/page/smooth.ts";
import { exactSeries } from "./rows.ts";

const EVEN = { isLogX: false, isLogY: false };
const points = fc.array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true })), { maxLength: 30 });
const weight = fc.double({ min: 0.01, max: 0.99, noNaN: true });

test("a smoothed line is not drawn towards 0 at its beginning", () => {
  expect(smooth([4, 4, 4], 0.9).map((y) => Number(y!.toFixed(12)))).toEqual([4, 4, 4]);
  expect(smooth([2, 4], 0.5)[1]).toBeCloseTo((0.5 * 2 + 4) / 1.5, 12);
});

test("a smoothed line stays between the numbers, and has none where there is none", () => {
  fc.assert(
    fc.property(points, weight, (values, by) => {
      const known = values.filter((y) => y !== null);
      const smoothed = smooth(values, by);
      expect(smoothed.map((y) => y === null)).toEqual(values.map((y) => y === null));
      for (const y of smoothed.filter((one) => one !== null)) {
        expect(y).toBeGreaterThanOrEqual(Math.min(...known) - 1e-3);
        expect(y).toBeLessThanOrEqual(Math.max(...known) + 1e-3);
      }
    }),
  );
});

test("lines with other steps share one axis: no point is lost, a gap stays one", () => {
  const table = joinLines([
    { x: [1, 3], y: [10, null] },
    { x: [2, 3, 10], y: [20, 30, 40] },
  ]);
  expect(table).toEqual([
    [1, 2, 3, 10],
    [10, undefined, null, undefined],
    [undefined, 20, 30, 40],
  ]);
  expect(joinLines([])).toEqual([[]]);
});

test("joined lines are read back", () => {
  const xs = fc.uniqueArray(fc.integer({ min: 0, max: 40 })).map((x) => x.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(fc.array(xs, { maxLength: 4 }), (all) => {
      const lines = all.map((x) => ({ x, y: x.map((at) => at * 2) }));
      const [x, ...columns] = joinLines(lines);
      expect(columns.map((column) => x.filter((_, i) => column[i] !== undefined))).toEqual(all);
      expect(x).toEqual([...new Set(all.flat())].sort((a, b) => a - b));
    }),
  );
});

test("a logarithmic axis leaves out what has no logarithm", () => {
  const series = { ...exactSeries("a", [1, -1, 0, 2]), x: [0, 1, 2, 3] };
  const [line] = linesOf(series, 0, { isLogX: true, isLogY: true });
  expect(line).toEqual({ x: [1, 2, 3], y: [null, null, 2] });
  expect(yExtent([series], null, { isLogX: false, isLogY: true })).toEqual([1, 2]);
  expect(xExtent([series], true)).toEqual({ from: 1, to: 3 });
});

test("the height of a chart has room for spikes, and for what is zoomed at alone", () => {
  const spiky = { ...exactSeries("a", [1, 2, 3]), min: [0, 1, 2], max: [1, 90, 3], isExact: false };
  expect(yExtent([spiky], null, EVEN)).toEqual([0, 90]);
  expect(yExtent([spiky], { from: 3, to: 9 }, EVEN)).toEqual([2, 3]);
  expect(yExtent([], null, EVEN)).toBeNull();
  expect(xExtent([exactSeries("a", [])], false)).toBeNull();
});

test("without outliers a chart has the height of the middle 95 % of its points, of few points that of all", () => {
  const many = exactSeries("a", [1000, -1000, null, ...Array.from({ length: 98 }, (_, i) => 2 + (i % 2))]);
  expect(yExtent([many], null, EVEN)).toEqual([-1000, 1000]);
  expect(middleExtent([many], null, EVEN)).toEqual([2, 3]);
  expect(middleExtent([many], { from: 1, to: 10 }, EVEN)).toEqual([-1000, 1000]);
  expect(middleExtent([many], { from: 200, to: 300 }, EVEN)).toBeNull();
});

test("the cursor finds the nearest point of a line that has none in this row", () => {
  expect(nearestRow([5, undefined, undefined, undefined, null], 2)).toBe(0);
  expect(nearestRow([undefined, undefined, undefined, 7], 0)).toBe(3);
  expect(nearestRow([undefined], 0)).toBeNull();
});

test("a point is drawn as such only where it is alone", () => {
  expect(isAlone([undefined, 3, null])).toBe(true);
  expect(isAlone([0, undefined, 3])).toBe(false);
  expect(isAlone([undefined, null])).toBe(false);
});

test("zooming keeps what is under the cursor where it is", () => {
  expect(around(25, 0, 100, 0.5)).toEqual({ from: 12.5, to: 62.5 });
});

test.each([
  [0, "0"],
  [0.31556, "0.3156"],
  [1623, "1,623"],
  [25_000.4, "25,000"],
  [0.000015, "1.5e-5"],
  [-0.0001, "-1e-4"],
  [3.2e14, "3.2e14"],
])("%d is written %s", (value, text) => expect(formatNumber(value)).toBe(text));

test("seconds are told as people tell them, bytes in MiB", () => {
  expect([12.25, 200, 7500, 100_000].map(formatDuration)).toEqual(["12.25 s", "3 min 20 s", "2 h 05 min", "1 d 3 h"]);
  expect(formatMetric("rss_bytes", 2 ** 30)).toBe("1,024 MiB");
  expect(formatMetric("loss", 1.5)).toBe("1.5");
});
