import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { WandbRun } from "../../formats/wandb-record.ts";
import { InputError } from "../../util/errors.ts";
import { readTrackedRun } from "../run-segments.ts";
import { openLogTail } from "./log-tail.ts";

/** The log that one process wrote of a run. A run that was resumed has several. */
export interface SentLog {
  /** Path of `run-<id>.wandb`. */
  readonly log: string;
  /** Where files of the run are, by the names that records have for them. */
  readonly files: string;
  /** What artifacts are made of, by the last part of the paths that records have for it. */
  readonly staging: string;
  /** As the first record of the run has it; undefined when its writer was killed before it stood there. */
  readonly run: WandbRun | undefined;
  /** The step that the run goes on behind; steps above it that earlier logs have are taken again. */
  readonly goesOnBehind: number | null;
}

/** Where the logs of a run are. */
export const trackFolder = (runFolder: string): string => join(runFolder, "wandb");

/** The logs of a run, the first process's first; none when it was never tracked. @throws InputError naming the file */
export async function listLogs(runFolder: string): Promise<readonly SentLog[]> {
  const tracked = await readTrackedRun(runFolder);
  return (tracked?.segments ?? []).map(({ log, files, staging }, i) => {
    const run = firstRun(log);
    return { log, files, staging, run, goesOnBehind: run && i > 0 ? branchOf(run) : null };
  });
}

/** @throws InputError when a folder holds no logs */
export async function requireLogs(runFolder: string): Promise<readonly SentLog[]> {
  const logs = await listLogs(runFolder);
  if (logs.length > 0) return logs;
  throw new InputError(`${runFolder}: there is no log for Weights & Biases in it`, {
    hint: `name the folder of a run that was trained with track.wandb.mode offline or online: it has a folder ${basename(trackFolder(runFolder))}`,
  });
}

function branchOf({ runId, branchPoint, startingStep }: WandbRun): number | null {
  const { run, metric, value } = branchPoint ?? {};
  if (run === runId && metric === "_step") return value ?? 0;
  return startingStep ? startingStep - 1 : null;
}

/** The run's own record is one of the first. */
const FIRST_RECORDS = 16;

function firstRun(log: string): WandbRun | undefined {
  using tail = openLogTail(log);
  for (let i = 0; i < FIRST_RECORDS; i++) {
    const record = tail.next();
    if (!record || record.run) return record?.run;
  }
  return undefined;
}

/** The mark that W&B's own `wandb sync` leaves beside a log that it has sent. */
export const wasSyncedElsewhere = ({ log }: SentLog): boolean => existsSync(`${log}.synced`);
