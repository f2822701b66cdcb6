import type { HonoRequest } from "hono";
import { nearestName } from "../util/near-name.ts";
import type { Axis } from "./api.ts";
import { WebFault } from "./fault.ts";
import type { LiveRuns } from "./live-runs.ts";
import { MOST_RUNS } from "./page/limits.ts";
import type { SeriesQuery } from "./series.ts";
import type { WatchedRun } from "./watched-run.ts";

const DEFAULT_POINTS = 1000;
const MOST_POINTS = 5000;
const AXES: readonly Axis[] = ["step", "samples", "time"];

/** The runs that are named, each once. @throws WebFault when none is, or one is not there */
export function readRuns(request: HonoRequest, runs: LiveRuns): readonly WatchedRun[] {
  const names = [...new Set(request.queries("run") ?? [])];
  if (names.length === 0) throw new WebFault(400, "run: no run is named", "for example ?run=quiet-otter-17");
  if (names.length > MOST_RUNS) throw new WebFault(400, `run: at most ${MOST_RUNS} runs at once`);
  return names.map((name) => findRun(name, runs));
}

/** The one run that is named. @throws WebFault as {@link readRuns} */
export function readRun(request: HonoRequest, runs: LiveRuns): WatchedRun {
  const named = readRuns(request, runs);
  if (named.length > 1) throw new WebFault(400, "run: one run at a time, please");
  return named[0];
}

function findRun(name: string, runs: LiveRuns): WatchedRun {
  const run = runs.find(name);
  if (run) return run;
  const near = nearestName(
    name,
    runs.rows().map((row) => row.name),
  );
  const hint = near === undefined ? null : `did you mean "${near}"?`;
  throw new WebFault(404, `${name.slice(0, 100)}: there is no such run, or it was deleted`, hint);
}

/** @throws WebFault naming what is wrong */
export function readSeriesQuery(request: HonoRequest): SeriesQuery {
  const metric = request.query("metric");
  if (!metric) throw new WebFault(400, "metric: is missing", "for example &metric=loss");
  const axis = oneOf("x", request.query("x") ?? "step", AXES);
  const [from, to] = [readNumber(request, "from"), readNumber(request, "to")];
  const points = readWhole(request, "points", { least: 1, most: MOST_POINTS, otherwise: DEFAULT_POINTS });
  return { metric, axis, from, to, points };
}

export function oneOf<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new WebFault(400, `${name}: "${value.slice(0, 60)}" is none of ${known.join(", ")}`);
}

function readNumber(request: HonoRequest, name: string): number | undefined {
  const text = request.query(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new WebFault(400, `${name}: "${text.slice(0, 60)}" is no number`);
  return value;
}

/** A whole number; one that is too large or too small is brought within its limits. */
export function readWhole(
  request: HonoRequest,
  name: string,
  { least, most, otherwise }: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const value = readNumber(request, name) ?? otherwise;
  return Math.max(least, Math.min(most, Math.round(value)));
}
