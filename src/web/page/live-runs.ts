import type { LiveEvent, RunRow } from "../api.ts";

/** The rows after an event: a run's row is replaced or added, or is no more. Points change no row. */
export function applyEvent(runs: readonly RunRow[], event: LiveEvent): readonly RunRow[] {
  if (event.kind === "points") return runs;
  if (event.kind === "gone") return runs.filter(({ name }) => name !== event.run);
  const at = runs.findIndex(({ name }) => name === event.run.name);
  return at < 0 ? [...runs, event.run] : runs.with(at, event.run);
}

/** Whether what was drawn of the event's run is no longer all there is. */
export function hasNewPoints(runs: readonly RunRow[], event: LiveEvent): boolean {
  if (event.kind !== "run") return event.kind === "points";
  const before = runs.find(({ name }) => name === event.run.name);
  return before !== undefined && before.isIndexed !== event.run.isIndexed;
}

/** Selected runs in the order of the table; where none is selected, the first few that the filter leaves. */
export function shownRuns(
  runs: readonly RunRow[],
  filtered: readonly RunRow[],
  selected: readonly string[],
  few = 10,
): readonly RunRow[] {
  const names = new Set(selected);
  const chosen = runs.filter(({ name }) => names.has(name));
  return chosen.length ? chosen : filtered.slice(0, few);
}

/** Selects or leaves out; with `from` all rows between the two get what `name` gets. */
export function toggleRuns(
  selected: readonly string[],
  rows: readonly RunRow[],
  name: string,
  from: string | null,
): readonly string[] {
  const places = [name, from ?? name].map((one) => rows.findIndex((row) => row.name === one));
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const touched = first < 0 ? [name] : rows.slice(first, last + 1).map((row) => row.name);
  const others = selected.filter((one) => !touched.includes(one));
  return selected.includes(name) ? others : [...others, ...touched];
}

const USUAL_CHARTS = ["loss", "eval_f1", "eval_loss", "grad_norm", "lr", "samples_per_s", "rss_bytes"];
const MOST_CHARTS = 4;

/** Metrics that are drawn while nobody has chosen any. */
export function usualCharts(metrics: readonly string[]): readonly string[] {
  const known = USUAL_CHARTS.filter((metric) => metrics.includes(metric));
  return [...known, ...metrics.filter((metric) => !known.includes(metric) && metric !== "step")].slice(0, MOST_CHARTS);
}

/** What a reader who looks elsewhere should hear of; null for what merely goes on. */
export function noticeOf(runs: readonly RunRow[], event: LiveEvent): string | null {
  if (event.kind === "points") return null;
  const name = event.kind === "gone" ? event.run : event.run.name;
  const before = runs.find((run) => run.name === name);
  if (event.kind === "gone") return before ? `${name} was deleted` : null;
  if (!before) return `${name} is new`;
  return before.state === event.run.state ? null : `${name}: ${event.run.state}`;
}
