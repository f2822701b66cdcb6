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

/** Before a request that failed is made again: as long as the first, then twice as long each time. */
export interface RetryPauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

const PAUSES: RetryPauses = { firstMs: 2000, longestMs: 60_000 };

/**
 * Keeps series by run and asks for what lacks, one request after the other: however fast wishes come, each answer is
 * used, and what is drawn stays until there is better. Lines are told of when all are there, for a chart is made anew for each
 * that comes. A request that failed is made again after a while, and at once where something else is wanted by then.
 */
export function seriesLoader({ read, changed, failed }: LoaderEnds, pauses = PAUSES): SeriesLoader {
  const loaded = new Map<string, Loaded>();
  let wish: SeriesWish | null = null;
  let isBusy = false;
  let hasFailed = false;
  let pause = pauses.firstMs;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    hasFailed = false;
    changed(new Map([...loaded].map(([run, one]) => [run, one.series])));
  };

  async function work(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    clearTimeout(retry);
    for (let now = wish; now; now = wish) {
      const missing = [...now.runs.keys()].filter((run) => loaded.get(run)?.stamp !== stampOf(now!, run));
      if (missing.length === 0) {
        if (hasFailed) tell(); // what failed is not wanted any more
        break;
      }
      try {
        await load(now, missing.slice(0, RUNS_A_REQUEST));
        pause = pauses.firstMs;
        if (wish && [...wish.runs.keys()].every((run) => loaded.has(run))) tell();
      } catch (fault) {
        if (wish !== now) continue;
        tell();
        failed(fault as Error);
        hasFailed = true;
        retry = setTimeout(work, pause);
        pause = Math.min(pauses.longestMs, 2 * pause);
        break;
      }
    }
    isBusy = false;
  }

  async function load(now: SeriesWish, asked: readonly string[]): Promise<void> {
    const { series } = await read(now, asked);
    const found = new Map(series.map((one) => [one.run, one]));
    for (const run of asked) loaded.set(run, { stamp: stampOf(now, run), series: found.get(run) ?? emptySeries(run) });
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
      clearTimeout(retry);
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
