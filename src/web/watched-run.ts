import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { evaluationFile, predictionsFile, RUN_FILES, type RunFolder } from "../runs/folder.ts";
import { parseOutcome, type RunOutcome } from "../runs/outcome.ts";
import { plannedSteps } from "../train/plan.ts";
import type { MetricSummary, Point, RunRow } from "./api.ts";
import type { HistorySummary } from "./history-file.ts";
import { type ReadConfig, readConfig } from "./read-config.ts";
import type { RowCounts } from "./row-counts.ts";
import { type RunFiles, readTail } from "./run-files.ts";
import { stateOf } from "./run-state.ts";

/** A run that is looked at again and again; of its small files only those are read that have changed. */
export interface WatchedRun {
  readonly run: RunFolder;
  readonly files: RunFiles;
  readonly config: ReadConfig;
  /** Its row as it is now; the same object as before when nothing is different. */
  row(): RunRow;
  /** Takes files as they are now; gives whether the history is another than before. */
  update(files: RunFiles): boolean;
  /** What the whole history says; null while that is being found. */
  readonly summary: HistorySummary | null;
  setSummary(summary: HistorySummary | null): void;
  /** What the row stands on beside its files has changed. */
  forgetRow(): void;
}

/** @param counts rows of training tables, which tell how many steps are planned */
export function watchRun(first: RunFiles, counts: RowCounts): WatchedRun {
  const { run } = first;
  const kept = new Map<string, { readonly stamp: string; readonly value: unknown }>();
  let files = first;
  let summary: HistorySummary | null = null;

  /** What a file says, read when the file is another than the last time; null where there is none. */
  const read = <T>(name: string, how: (path: string) => T): T | null => {
    const stamp = files.stamps.get(name);
    if (stamp === undefined) return null;
    let found = kept.get(name);
    if (found?.stamp !== stamp) {
      found = { stamp, value: how(join(run.path, name)) };
      kept.set(name, found);
    }
    return found.value as T;
  };
  const config = () => read(RUN_FILES.config, readConfig) ?? NO_CONFIG;
  const makeRow = (): RunRow => {
    const { config: known, settings, fault } = config();
    const tail = read(RUN_FILES.history, readTail) ?? new Map<string, number>();
    const step = tail.get("step") ?? summary?.step ?? 0;
    const outcome = read(RUN_FILES.outcome, readHowItEnded);
    const planned = known && plannedStepsOf(known, counts);
    const isJudged = files.hasBest || files.evaluated.length > 0;
    const evidence = { lock: files.lock, outcome, step, plannedSteps: planned, isJudged };
    const scores = files.evaluated.map((split) => [split, read(evaluationFile(split), readF1)] as const);
    return {
      name: run.name,
      state: fault === null ? stateOf({ ...evidence, patience: known?.eval.patience ?? null }) : "broken",
      fault,
      ...(outcome?.reason !== undefined && { reason: outcome.reason }),
      started: read(RUN_FILES.environment, readStarted),
      step,
      plannedSteps: planned,
      settings,
      metrics: metricsOf(tail, summary),
      scores: Object.fromEntries(scores.filter((pair): pair is [string, number] => pair[1] !== null)),
      splits: files.predicted,
      stamps: Object.fromEntries(
        files.predicted.map((split) => [split, files.stamps.get(predictionsFile(split)) ?? ""]),
      ),
      isIndexed: summary !== null,
    };
  };
  let row: RunRow | undefined;
  const forgetRow = () => {
    row = undefined;
  };
  return {
    run,
    get summary() {
      return summary;
    },
    get files() {
      return files;
    },
    get config() {
      return config();
    },
    row: () => (row ??= makeRow()),
    forgetRow,
    setSummary(found) {
      summary = found;
      forgetRow();
    },
    update(now) {
      const before = files;
      files = now;
      if (before.signature !== now.signature) forgetRow();
      const [old, fresh] = [before, now].map(({ stamps }) => stamps.get(RUN_FILES.history));
      // Another file, or one that was cut: what was found of the first says nothing of it.
      const isAnother = old !== undefined && inodeOf(old) !== inodeOf(fresh);
      if (isAnother || now.historySize < before.historySize) summary = null;
      return old !== fresh;
    },
  };
}

const inodeOf = (stamp: string | undefined) => stamp?.split(" ")[0];

const NO_CONFIG: ReadConfig = { config: null, settings: {}, fault: `${RUN_FILES.config} is gone` };

/** Rows are counted only where they are asked for: a table may be long. */
function plannedStepsOf(config: Config, counts: RowCounts): number | null {
  return plannedSteps(config.train.max_steps === null ? counts.of(config) : null, config.train);
}

function metricsOf(tail: ReadonlyMap<string, number>, summary: HistorySummary | null) {
  const newest = [...tail].map(([name, value]) => [name, { last: finite(value), min: null, max: null }] as const);
  const metrics: Record<string, MetricSummary> = { ...Object.fromEntries(newest), ...summary?.metrics };
  for (const [name, { last }] of newest) metrics[name] = { ...metrics[name], last };
  delete metrics.step;
  return metrics;
}

const finite = (value: number): Point => (Number.isFinite(value) ? value : null);

/** A small JSON file of a run, or nothing of one that is broken: it may be from another version. */
function readObject(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function readStarted(path: string): string | null {
  const { started } = readObject(path);
  return typeof started === "string" && !Number.isNaN(Date.parse(started)) ? started : null;
}

function readF1(path: string): number | null {
  const { f1 } = readObject(path);
  return typeof f1 === "number" ? f1 : null;
}

function readHowItEnded(path: string): RunOutcome | null {
  try {
    return parseOutcome(path, readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}
