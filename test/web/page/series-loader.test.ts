import { expect, test } from "vitest";
import type { Series } from "../../../src/web/api.ts";
import { type SeriesWish, seriesLoader } from "../../../src/web/page/series-loader.ts";
import { exactSeries } from "./rows.ts";

const wish = (runs: Record<string, number>, parts: Partial<SeriesWish> = {}): SeriesWish => ({
  ...{ metric: "loss", axis: "step", zoom: null, points: 100 },
  runs: new Map(Object.entries(runs)),
  ...parts,
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

function loaderOf(
  read: (runs: readonly string[]) => readonly Series[] = (runs) => runs.map((run) => exactSeries(run, [1])),
) {
  const asked: (readonly string[])[] = [];
  const seen: { series: ReadonlyMap<string, Series>; faults: Error[] } = { series: new Map(), faults: [] };
  const loader = seriesLoader({
    read: async ({ metric, axis }, runs) => {
      asked.push(runs);
      return { metric, axis, series: read(runs) };
    },
    changed: (series) => {
      seen.series = series;
    },
    failed: (fault) => seen.faults.push(fault),
  });
  return { loader, asked, seen };
}

test("only what is not there is asked for", async () => {
  const { loader, asked, seen } = loaderOf();
  loader.want(wish({ a: 1, b: 1 }));
  await settled();
  loader.want(wish({ a: 1, b: 2, c: 1 }));
  await settled();
  expect(asked).toEqual([
    ["a", "b"],
    ["b", "c"],
  ]);
  expect([...seen.series.keys()]).toEqual(["a", "b", "c"]);
});

test("two hundred runs are asked for in turn, and drawn as they come", async () => {
  const { loader, asked, seen } = loaderOf();
  loader.want(wish(Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`r${i}`, 0]))));
  await settled();
  expect(asked.map(({ length }) => length)).toEqual([20, 20, 5]);
  expect(seen.series.size).toBe(45);
});

test("another range asks again and keeps what is drawn until it is there", async () => {
  const { loader, asked, seen } = loaderOf();
  loader.want(wish({ a: 1 }));
  await settled();
  loader.want(wish({ a: 1 }, { zoom: { from: 1, to: 2 } }));
  expect(seen.series.size).toBe(1);
  await settled();
  expect(asked).toHaveLength(2);
});

test("however often a run has new points while an answer is under way, one more request is enough", async () => {
  const { loader, asked } = loaderOf();
  for (let version = 0; version < 50; version++) loader.want(wish({ a: version }));
  await settled();
  expect(asked.length).toBe(2);
});

test("a run without the metric is not asked for again and again", async () => {
  const { loader, asked, seen } = loaderOf(() => []);
  loader.want(wish({ a: 1 }));
  await settled();
  loader.want(wish({ a: 1 }));
  await settled();
  expect(asked).toHaveLength(1);
  expect(seen.series.get("a")!.x).toEqual([]);
});

test("a fault is told, and the next wish tries again; after the end nothing is told", async () => {
  let isGone = true;
  const { loader, seen } = loaderOf((runs) => {
    if (isGone) throw new Error("gone");
    return runs.map((run) => exactSeries(run, [1]));
  });
  loader.want(wish({ a: 1 }));
  await settled();
  expect(seen.faults.map(({ message }) => message)).toEqual(["gone"]);
  isGone = false;
  loader.want(wish({ a: 1 }));
  await settled();
  expect(seen.series.size).toBe(1);
  loader.want(wish({ b: 1 }));
  loader.stop();
  await settled();
  expect(seen.series.has("b")).toBe(false);
});
