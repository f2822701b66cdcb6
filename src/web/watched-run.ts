import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { readYaml } from "../config/source.ts";
import { flattenSettings } from "../report/settings.ts";
import type { RunFolder } from "../runs/folder.ts";
import { parseOutcome, type RunOutcome } from "../runs/outcome.ts";
import { planSteps } from "../train/plan.ts";
import { InputError } from "../util/errors.ts";
import type { MetricSummary, Point, RunRow } from "./api.ts";
import type { HistorySummary } from "./history-file.ts";
import type { RowCounts } from "./row-counts.ts";
import { type RunFiles, readTail } from "./run-files.ts";
import { stateOf } from "./run-state.ts";

/** What a configuration says; `fault` where it cannot be read. */
export interface ReadConfig {
  readonly config: Config | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly fault: string | null;
}

/** A run that is looked at again and again; of its small files only those are read that have changed. */
export interface WatchedRun {
  readonly run: RunFolder;
  readonly files: RunFiles;
  readonly config: ReadConfig;
  /** Its row as it is now. */
  row(): RunRow;
  /** Takes files as they are now; gives whether the history is another than before. */
  update(files: RunFiles): boolean;
  /** What the whole history says; null when that is to be found anew. */
  summary: HistorySummary | null;
}

/** @param counts rows of training tables, which tell how many steps are planned */
export function watchRun(first: RunFiles, counts: RowCounts): WatchedRun {
  const { run } = first;
  const kept = new Map<string, { readonly stamp: string; readonly value: unknown }>();
  let files = first;

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
  const watched: WatchedRun = {
    run,
    summary: null,
    get files() {
      return files;
    },
    get config() {
      return read("config.yaml", readConfig) ?? NO_CONFIG;
    },
    row() {
      const { config, settings, fault } = watched.config;
      const tail = read("history.jsonl", readTail) ?? new Map<string, number>();
      const step = tail.get("step") ?? watched.summary?.step ?? 0;
      const outcome = read("outcome.json", readHowItEnded);
      const plannedSteps = config && plannedStepsOf(config, counts);
      const isJudged = files.hasBest || files.evaluated.length > 0;
      const evidence = { lock: files.lock, outcome, step, plannedSteps, isJudged };
      const scores = files.evaluated.map((split) => [split, read(`eval-${split}.json`, readF1)] as const);
      return {
        name: run.name,
        state: fault === null ? stateOf({ ...evidence, patience: config?.eval.patience ?? null }) : "broken",
        fault,
        ...(outcome?.reason !== undefined && { reason: outcome.reason }),
        started: read("environment.json", readStarted),
        step,
        plannedSteps,
        settings,
        metrics: metricsOf(tail, watched.summary),
        scores: Object.fromEntries(scores.filter((pair): pair is [string, number] => pair[1] !== null)),
        splits: files.predicted,
        isIndexed: watched.summary !== null,
      };
    },
    update(now) {
      const before = files;
      files = now;
      const [old, fresh] = [before, now].map(({ stamps }) => stamps.get("history.jsonl"));
      // Another file, or one that was cut: what was found of the first says nothing of it.
      if (old?.split(" ")[0] !== fresh?.split(" ")[0] || now.historySize < before.historySize) watched.summary = null;
      return old !== fresh;
    },
  };
  return watched;
}

const NO_CONFIG: ReadConfig = { config: null, settings: {}, fault: "config.yaml is gone" };

/** Of a configuration that this version does not know, what is written. */
function readConfig(path: string): ReadConfig {
  try {
    const config = loadConfig({ config: path });
    return { config, settings: flattenSettings(config), fault: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { config: null, settings: settingsAsWritten(path), fault: error.message };
  }
}

function settingsAsWritten(path: string): Readonly<Record<string, string>> {
  try {
    return flattenSettings(readYaml(path).values);
  } catch {
    return {};
  }
}

function plannedStepsOf({ train, data }: Config, counts: RowCounts): number | null {
  if (train.max_steps !== null) return train.max_steps;
  const rows = counts.of(data);
  return rows === null ? null : planSteps(rows, train).total;
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
