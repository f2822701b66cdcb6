import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeCsv } from "../formats/csv.ts";
import { parseRecord } from "../runs/history-lines.ts";
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
  const lines = cells.map((row) => names.map((name) => cellOf(row[name] ?? null)).join());
  return [names.map(cellOf).join(), ...lines, ""].join("\n");
}

type Cell = number | string | null;

function cellsOf(row: RunRow): Readonly<Record<string, Cell>> {
  const { name, state, started, step, plannedSteps, settings, metrics, scores } = row;
  const numbers = Object.entries(metrics).flatMap(([metric, { last, min, max }]): (readonly [string, Cell])[] => [
    [`last ${metric}`, last],
    ...(row.isIndexed ? [[`least ${metric}`, min] as const, [`greatest ${metric}`, max] as const] : []),
  ]);
  return {
    ...{ run: name, state, started, step, planned_steps: plannedSteps },
    ...Object.fromEntries(Object.entries(scores).map(([split, f1]) => [`F1 ${split}`, f1])),
    ...settings,
    ...Object.fromEntries(numbers),
  };
}

function cellOf(value: Cell): string {
  if (typeof value === "number") return numberCell(value);
  return value === null || value === "" ? "" : encodeCsv([[value]]).slice(0, -1);
}

/** All numbers of the histories of runs, a row a step, in the order of the runs. */
export async function* historiesAsCsv(watched: readonly WatchedRun[], runs: LiveRuns): AsyncGenerator<string> {
  const metrics = (await Promise.all(watched.map((run) => metricsOf(run, runs)))).flat();
  const names = ["step", ...new Set(metrics)];
  yield encodeCsv(["run", ...names].map((name) => [name]));
  for (const { run } of watched) {
    const label = cellOf(run.name);
    for await (const records of recordsOf(run.history)) {
      const lines = records.map(({ record }) => [label, ...names.map((name) => numberCell(record[name]))].join());
      yield lines.map((line) => `${line}\n`).join("");
    }
  }
}

/** A number is no formula, whatever it begins with. */
const numberCell = (value: unknown) => (Number.isFinite(value) ? String(value) : "");

/** The histories' records as they stand, with null for what JSON has no number for, by run. */
export async function* historiesAsJson(watched: readonly WatchedRun[]): AsyncGenerator<string> {
  let before = "{";
  for (const { run } of watched) {
    yield `${before}${JSON.stringify(run.name)}:[`;
    let comma = "";
    for await (const records of recordsOf(run.history)) {
      yield `${comma}\n${records.map(({ json }) => json).join(",\n")}`;
      comma = ",";
    }
    yield "]";
    before = ",\n";
  }
  yield "}\n";
}

/** Some records of a history at a time. A chart's fast reader would round them. */
async function* recordsOf(path: string) {
  for await (const bytes of wholeLines(path)) {
    const records = bytes
      .toString("utf8")
      .split("\n")
      .flatMap((text) => parseRecord(text) ?? []);
    if (records.length > 0) yield records;
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
