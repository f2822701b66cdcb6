import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openRunLog, type RunLog, type RunLogOptions } from "../../src/track/run-log.ts";
import type { Pace } from "../../src/track/upload/pace.ts";
import { Hurry, type Pauses } from "../../src/track/upload/retry.ts";
import { type Uploaded, type UploadOptions, uploadRun } from "../../src/track/upload/upload-run.ts";
import { NO_WISHES, type WandbSettings, wandbSettings } from "../../src/track/wandb-settings.ts";

export const KEY = "0123456789abcdef0123456789abcdef01234567";

/** No test waits for a network that is away. */
export const FAST_PAUSES: Pauses = { firstMs: 2, longestMs: 10 };
export const FAST_PACE: Pace = { streamMs: 5, heartbeatMs: 30, configMs: 5, lookMs: 2 };

export const settingsFor = (endpoint: string, more: Readonly<Record<string, string>> = {}): Promise<WandbSettings> =>
  wandbSettings(NO_WISHES, {
    WANDB_API_KEY: KEY,
    WANDB_BASE_URL: endpoint,
    WANDB_MODE: "online",
    HOME: "/nowhere",
    ...more,
  });

/** The folder of a run, in which its logs are. */
export function runFolderIn(work: string, name = "quiet-otter-17"): string {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function openLog(folder: string, more: Partial<RunLogOptions> = {}): Promise<RunLog> {
  return openRunLog({
    ...{ dir: folder, id: null, project: "labels", entity: null, displayName: "quiet-otter-17", group: null },
    ...{
      jobType: null,
      tags: ["tiny"],
      notes: null,
      config: { lora: { rank: 8 }, seed: 7 },
      startStep: 0,
      gitCommit: null,
    },
    mode: "offline",
    host: null,
    onFault: (fault) => {
      throw fault;
    },
    ...more,
  });
}

/** A loss that follows from the step. */
export const lossAt = (step: number) => Math.exp(-step / 10);

/** Logs the steps from `first` to `last`. */
export function logSteps(log: RunLog, first: number, last: number): void {
  for (let step = first; step <= last; step++) log.log({ loss: lossAt(step) }, step);
}

/** A whole log of steps 1 to `last`. */
export async function writeWholeLog(folder: string, last: number, more: Partial<RunLogOptions> = {}): Promise<RunLog> {
  const log = await openLog(folder, more);
  logSteps(log, (more.startStep ?? 0) + 1, last);
  log.finish(0);
  return log;
}

export interface SyncResult extends Uploaded {
  readonly notes: readonly string[];
}

/** Sends all that is there, as `amlc track sync` does. */
export async function sync(
  folder: string,
  settings: WandbSettings,
  more: Partial<UploadOptions> = {},
): Promise<SyncResult> {
  const notes: string[] = [];
  const uploaded = await uploadRun({
    ...{ folder, settings, pace: FAST_PACE, pauses: FAST_PAUSES, hurry: new Hurry() },
    attempts: { first: 4, later: 20 },
    isOver: () => true,
    signal: new AbortController().signal,
    onNote: (text) => notes.push(text),
    onPage: () => {},
    onStop: () => {},
    onSent: () => {},
    ...more,
  });
  return { ...uploaded, notes };
}
