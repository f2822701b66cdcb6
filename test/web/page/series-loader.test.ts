import { expect, test } from "vitest";
import type { Series } from "../../../src/web/api.ts";
import {
  type LoaderEnds,
  type RetryPauses,
  type SeriesWish,
  seriesLoader,
} from "../../../src/web/page/series-loader.ts";
import { exactSeries } from "./rows.ts";

const wish = (runs: Record<string, number>, parts: Partial<SeriesWish> = {}): SeriesWish => ({
  ...{ metric: "loss", axis: "step", zoom: null, points: 100 },
  runs: new Map(Object.entries(runs)),
  ...parts,
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

function loaderOf(
  read: (runs: readonly string[]) => readonly Series[] = (runs) => runs.map((run) => exactSeries(run, [1])),
  pauses: RetryPauses = { firstMs: 60_000, longestMs: 60_000 },
) {
  const asked: (readonly string[])[] = [];
  const seen = { series: new Map() as ReadonlyMap<string, Series>, told: 0, faults: [] as Error[] };
  const ends: LoaderEnds = {
    read: async ({ metric, axis }, runs) => {
      asked.push(runs);
      return { metric, axis, series: read(runs) };
    },
    changed: (series) => {
      seen.series = series;
      seen.told++;
    },
    failed: (fault) => seen.faults.push(fault),
  };
  const loader = seriesLoader(ends, pauses);
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

test("two hundred runs are asked for in turn, and drawn once all are there; from then on, as they come", async () => {
  const { loader, asked, seen } = loaderOf();
  const versions = (version: number) => Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`r${i}`, version]));
  loader.want(wish(versions(0)));
  await settled();
  expect(asked.map(({ length }) => length)).toEqual([20, 20, 5]);
  expect([seen.series.size, seen.told]).toEqual([45, 1]);
  loader.want(wish(versions(1)));
  await settled();
  expect(seen.told).toBe(4);
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

test("what is wanted by then is asked for at once when a request has failed", async () => {
  const { loader, asked, seen } = loaderOf((runs) => {
    if (runs.includes("gone")) throw new Error("gone: there is no such run");
    return runs.map((run) => exactSeries(run, [1]));
  });
  loader.want(wish({ a: 1, gone: 1 }));
  loader.want(wish({ a: 1 }));
  await settled();
  expect(asked).toEqual([["a", "gone"], ["a"]]);
  expect([seen.series.has("a"), seen.faults]).toEqual([true, []]);
});

test("a request that failed is made again by itself, after longer and longer pauses; what came before it is drawn", async () => {
  let failures = 3;
  const names = Array.from({ length: 21 }, (_, i) => `r${i}`);
  const { loader, asked, seen } = loaderOf(
    (runs) => {
      if (runs.includes("r20") && failures-- > 0) throw new Error("away");
      return runs.map((run) => exactSeries(run, [1]));
    },
    { firstMs: 10, longestMs: 20 },
  );
  loader.want(wish(Object.fromEntries(names.map((name) => [name, 1]))));
  await settled();
  expect([seen.series.size, seen.faults.length]).toEqual([20, 1]);
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect([seen.series.size, seen.faults.length, asked.length]).toEqual([21, 3, 5]);
});

test("a fault is over when what failed is not wanted any more", async () => {
  const { loader, seen } = loaderOf((runs) => {
    if (runs.includes("b")) throw new Error("away");
    return runs.map((run) => exactSeries(run, [1]));
  });
  loader.want(wish({ a: 1 }));
  await settled();
  loader.want(wish({ a: 1, b: 1 }));
  await settled();
  const { told } = seen;
  loader.want(wish({ a: 1 }));
  await settled();
  expect([seen.faults.length, seen.told - told]).toEqual([1, 1]);
});
