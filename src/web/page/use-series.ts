import { useEffect, useRef, useState } from "preact/hooks";
import type { Series, SeriesAnswer } from "../api.ts";
import { addressOf, ask } from "./client.ts";
import type { Zoom } from "./page-state.ts";
import { type SeriesLoader, type SeriesWish, seriesLoader } from "./series-loader.ts";

interface SeriesState {
  readonly series: ReadonlyMap<string, Series>;
  readonly fault: Error | null;
  readonly isLoading: boolean;
}

/** Lines go on a little beyond what is seen, so that none ends within the chart. */
const MARGIN = 0.05;

/** The series that are wished for, as far as they are there. */
export function useSeries(wish: SeriesWish): SeriesState {
  const [state, setState] = useState<SeriesState>({ series: new Map(), fault: null, isLoading: true });
  const loader = useRef<SeriesLoader | null>(null);
  useEffect(() => {
    loader.current = seriesLoader({
      read: readSeries,
      changed: (series) => setState({ series, fault: null, isLoading: false }),
      failed: (fault) => setState((old) => ({ ...old, fault, isLoading: false })),
    });
    return () => loader.current?.stop();
  }, []);
  useEffect(() => loader.current?.want(wish), [JSON.stringify([{ ...wish, runs: [...wish.runs] }])]);
  return state;
}

function readSeries({ metric, axis, zoom, points }: SeriesWish, runs: readonly string[]): Promise<SeriesAnswer> {
  return ask<SeriesAnswer>(addressOf("series", { run: runs, metric, x: axis, ...rangeOf(zoom), points }));
}

function rangeOf(zoom: Zoom | null): { readonly from: number | null; readonly to: number | null } {
  if (!zoom) return { from: null, to: null };
  const margin = (zoom.to - zoom.from) * MARGIN;
  return { from: Math.max(0, zoom.from - margin), to: zoom.to + margin };
}
