import { existsSync } from "node:fs";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { readYaml } from "../config/source.ts";
import { readHistoryColumns } from "../report/history-columns.ts";
import { CURVE_NUMBERS, readCurve, sumUp } from "../report/run-curve.ts";
import type { AnsweredRow, RunRecord } from "../report/run-record.ts";
import { flattenSettings } from "../report/settings.ts";
import type { RunFolder } from "../runs/folder.ts";
import { TRAINING } from "../runs/outcome.ts";
import { plannedSteps } from "../train/plan.ts";
import { InputError } from "../util/errors.ts";
import { lockState } from "../util/folder-lock.ts";
import { findSources, readPredictions, readTrainingValues, type TableReader } from "./split-rows.ts";

export interface ReadRunOptions {
  /** How the run is called where it is shown. */
  readonly name: string;
  readonly split: string;
  /** Stretches of its curve. */
  readonly detail: number;
  readonly read: TableReader;
  /** Of its history, to read. */
  readonly mostBytes?: number;
  /** Takes what is to be told of the run. */
  readonly note: (text: string) => void;
}

/** What there is of a run, finished or not; what lacks or is broken is told, and left out. */
export async function readRun(
  run: RunFolder,
  { name, split, detail, read, mostBytes, note }: ReadRunOptions,
): Promise<RunRecord> {
  const tell = (text: string) => note(`${name}: ${text}`);
  const config = orTell(tell, () => loadConfig({ config: run.config }));
  const history = readHistoryColumns(run.history, CURVE_NUMBERS, mostBytes);
  const totals = sumUp(history);
  if (!history.isWhole)
    tell(`a long history, of which ${history.steps} steps were read, evenly; its sums are estimates`);
  if (history.brokenLines > 0)
    tell(`lines of its history that are no record, which are left out: ${history.brokenLines}`);
  const training = config && (await orTellLater(tell, () => readTrainingValues(config, read)));
  const planned = config ? plannedSteps(training?.rows ?? null, config.train) : null;
  tellState(run, totals, planned, config, tell);
  return {
    name,
    path: run.path,
    // Of a configuration that this version does not know, what is written.
    settings: flattenSettings(config ?? readYaml(run.config).values),
    curve: readCurve(history, detail),
    totals,
    plannedSteps: planned,
    trainingRows: training?.rows ?? null,
    trainingValues: training?.values ?? null,
    rows: await readAnswers(run, split, config, read, tell),
  };
}

function tellState(
  run: RunFolder,
  { steps, last_step, broken_losses }: RunRecord["totals"],
  planned: number | null,
  config: Config | undefined,
  tell: (text: string) => void,
): void {
  const all = planned === null ? "" : ` of ${planned}`;
  if (lockState(run.path, TRAINING) === "held")
    tell(`is being trained at this moment, ${last_step}${all} steps so far`);
  else if (steps === 0) tell(`no step was taken yet: to train it, amlc train --resume ${run.path}`);
  else if (planned !== null && last_step < planned && config?.eval.patience === null) {
    tell(`not finished, ${last_step} of ${planned} steps: to go on, amlc train --resume ${run.path}`);
  }
  if (broken_losses > 0) tell(`steps with a loss that is no number, which the curve leaves out: ${broken_losses}`);
}

async function readAnswers(
  run: RunFolder,
  split: string,
  config: Config | undefined,
  read: TableReader,
  tell: (text: string) => void,
): Promise<readonly AnsweredRow[] | null> {
  if (!existsSync(run.predictions(split))) {
    tell(`has no answers to compare: to make them, amlc eval --run ${run.path} --split ${split}`);
    return null;
  }
  const rows = await orTellLater(tell, () => readPredictions(run, split));
  if (!rows || !config) return rows ?? null;
  return (await orTellLater(tell, () => findSources(rows, split, config, read))) ?? rows;
}

function orTell<T>(tell: (text: string) => void, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    return tellFault(tell, error);
  }
}

function orTellLater<T>(tell: (text: string) => void, work: () => Promise<T>): Promise<T | undefined> {
  return work().catch((error: unknown) => tellFault(tell, error));
}

function tellFault(tell: (text: string) => void, error: unknown): undefined {
  if (!(error instanceof InputError) && !(error instanceof RangeError)) throw error;
  tell(error.message);
}
