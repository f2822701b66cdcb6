import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeCsv } from "../formats/csv.ts";
import { historyLines } from "../report/history-lines.ts";
import type { RunRow } from "./api.ts";
import type { LiveRuns } from "./live-runs.ts";
import { READ_OWN } from "./run-files.ts";
import type { WatchedRun } from "./watched-run.ts";

const NEWLINE = 0x0a;
const CHUNK = 2 ** 18;
/** Between two looks whether a history was read. */
const PAUSE = 50;

/** One row a run: its state, settings, numbers and scores. */
export function runsAsCsv(rows: readonly RunRow[]): string {
  const cells = rows.map(cellsOf);
  const names = [...new Set(cells.flatMap((row) => Object.keys(row)))];
  return encodeCsv(names.map((name) => [name, ...cells.map((row) => row[name] ?? "")]));
}

function cellsOf(row: RunRow): Readonly<Record<string, string>> {
  const { name, state, started, step, plannedSteps, settings, metrics, scores } = row;
  const text = (value: number | string | null) => (value === null ? "" : String(value));
  const numbers = Object.entries(metrics).flatMap(([metric, { last, min, max }]) => [
    [`last ${metric}`, text(last)],
    ...(row.isIndexed
      ? [
          [`least ${metric}`, text(min)],
          [`greatest ${metric}`, text(max)],
        ]
      : []),
  ]);
  return {
    ...{ run: name, state, started: text(started), step: text(step), planned_steps: text(plannedSteps) },
    ...Object.fromEntries(Object.entries(scores).map(([split, f1]) => [`F1 ${split}`, text(f1)])),
    ...settings,
    ...Object.fromEntries(numbers),
  };
}

/** All numbers of the histories of runs, a row a step, in the order of the runs. */
export async function* historiesAsCsv(watched: readonly WatchedRun[], runs: LiveRuns): AsyncGenerator<string> {
  const metrics = (await Promise.all(watched.map((run) => metricsOf(run, runs)))).flat();
  const names = ["step", ...new Set(metrics)];
  yield encodeCsv(["run", ...names].map((name) => [name]));
  for (const { run } of watched) {
    const label = encodeCsv([[run.name]]).trimEnd();
    const lines = historyLines(names);
    for await (const bytes of wholeLines(run.history)) {
      let text = "";
      for (let at = 0; at < bytes.length; ) {
        const next = lines.read(bytes, at);
        if (next >= 0) text += `${label},${Array.from(lines.values, numberCell).join()}\n`;
        at = next < 0 ? ~next : next;
      }
      yield text;
    }
  }
}

/** A number is no formula, whatever it begins with. */
const numberCell = (value: number) => (Number.isFinite(value) ? String(value) : "");

/** The histories' records as they stand, by run. */
export async function* historiesAsJson(watched: readonly WatchedRun[]): AsyncGenerator<string> {
  let before = "{";
  for (const { run } of watched) {
    yield `${before}${JSON.stringify(run.name)}:[`;
    let comma = "";
    for await (const bytes of wholeLines(run.history)) {
      const records = bytes.toString("utf8").split("\n").filter(isRecord);
      if (records.length === 0) continue;
      yield `${comma}\n${records.join(",\n")}`;
      comma = ",";
    }
    yield "]";
    before = ",\n";
  }
  yield "}\n";
}

function isRecord(text: string): boolean {
  try {
    return text !== "" && typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** Names of all numbers of a history, once it was read to its end. */
async function metricsOf(watched: WatchedRun, runs: LiveRuns): Promise<readonly string[]> {
  const { name } = watched.run;
  await runs.index.series([name], { metric: "loss", axis: "step", points: 1 }); // puts it before others
  while (watched.summary === null && runs.find(name) === watched && !runs.ended.aborted) await sleep(PAUSE);
  return Object.keys(watched.summary?.metrics ?? {});
}

/** Some whole lines at a time; a half one at the end is left out. A file that is not there has none. */
async function* wholeLines(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, READ_OWN).catch(() => undefined);
  if (!file) return;
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK);
      if (bytesRead === 0) return;
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      rest = bytes.subarray(end);
      if (end > 0) yield bytes.subarray(0, end);
    }
  } finally {
    await file.close();
  }
}
