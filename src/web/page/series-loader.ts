import type { Axis, Series, SeriesAnswer } from "../api.ts";
import type { Zoom } from "./page-state.ts";

export interface SeriesWish {
  readonly metric: string;
  readonly axis: Axis;
  readonly zoom: Zoom | null;
  readonly points: number;
  /** Runs by name with a number that changes when there is more to read of one. */
  readonly runs: ReadonlyMap<string, number>;
}

export interface SeriesLoader {
  /** What is wanted from now on; what of it is there already is not asked for again. */
  want(wish: SeriesWish): void;
  stop(): void;
}

interface Loaded {
  readonly stamp: string;
  readonly series: Series;
}

export interface LoaderEnds {
  readonly read: (wish: SeriesWish, runs: readonly string[]) => Promise<SeriesAnswer>;
  readonly changed: (series: ReadonlyMap<string, Series>) => void;
  readonly failed: (fault: Error) => void;
}

/** An address has no room for the names of hundreds of runs. */
const RUNS_A_REQUEST = 20;

/**
 * Keeps series by run and asks for what lacks, one request after the other: however fast wishes come, each answer is
 * used, and what is drawn stays until there is better.
 */
export function seriesLoader({ read, changed, failed }: LoaderEnds): SeriesLoader {
  const loaded = new Map<string, Loaded>();
  let wish: SeriesWish | null = null;
  let isBusy = false;

  async function work(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      for (let now = wish; now; now = wish) {
        const missing = [...now.runs.keys()].filter((run) => loaded.get(run)?.stamp !== stampOf(now!, run));
        if (missing.length === 0) break;
        const asked = missing.slice(0, RUNS_A_REQUEST);
        const { series } = await read(now, asked);
        const found = new Map(series.map((one) => [one.run, one]));
        for (const run of asked)
          loaded.set(run, { stamp: stampOf(now, run), series: found.get(run) ?? emptySeries(run) });
        if (wish) changed(new Map([...loaded].map(([run, one]) => [run, one.series])));
      }
    } catch (fault) {
      if (wish) failed(fault as Error);
    } finally {
      isBusy = false;
    }
  }

  return {
    want(next) {
      if (wish && next.metric !== wish.metric) loaded.clear();
      if (wish && next.axis !== wish.axis) loaded.clear();
      wish = next;
      void work();
    },
    stop() {
      wish = null;
    },
  };
}

function stampOf({ metric, axis, zoom, points, runs }: SeriesWish, run: string): string {
  return JSON.stringify([metric, axis, zoom, points, runs.get(run)]);
}

const emptySeries = (run: string): Series => ({
  run,
  x: [],
  mean: [],
  min: [],
  max: [],
  isExact: true,
  brokenLines: 0,
});
