import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { HttpFault } from "../http/faults.ts";
import { openRun } from "../runs/folder.ts";
import { TRAINING } from "../runs/outcome.ts";
import { countRows } from "../track/upload/count-rows.ts";
import { PACE, type Pace } from "../track/upload/pace.ts";
import { Hurry, PAUSES, type Pauses } from "../track/upload/retry.ts";
import { requireLogs, trackFolder } from "../track/upload/segments.ts";
import { type Uploaded, uploadRun } from "../track/upload/upload-run.ts";
import { NO_WISHES, requireKey, type WandbSettings, wandbSettings } from "../track/wandb-settings.ts";
import { AmlcError, InputError, InterruptedError } from "../util/errors.ts";
import { lockState } from "../util/folder-lock.ts";

export interface TrackSyncOptions {
  /** Runs, by their folder or name, and folders that hold runs. */
  readonly paths: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly pace?: Pace;
  readonly pauses?: Pauses;
  readonly signal?: AbortSignal;
  readonly observer?: TrackSyncObserver;
}

export interface TrackSyncObserver {
  note?(text: string): void;
  /** Rows and bytes of logs that were sent or were there, of all that are to be. */
  sent?(rows: number, total: number, bytes: number): void;
}

/** What became of one run. */
export interface SyncedRun {
  readonly folder: string;
  /** Where people see it. */
  readonly page: string | null;
  /** Rows of its history that were sent now. */
  readonly rows: number;
  /** The server has all of it. */
  readonly whole: boolean;
  readonly error: string | null;
}

export interface TrackSyncReport {
  readonly server: string;
  readonly runs: readonly SyncedRun[];
}

/** A user who has no network hears of it in some seconds. */
const ATTEMPTS = { first: 4, later: 20 };

/**
 * Sends to Weights & Biases what of runs is not there. One that fails does not keep the others from it.
 * @throws InputError when a path holds no logs or there is no key; AmlcError when a run could not be sent, with a report of all;
 * InterruptedError; what was sent so far is known, and the next call goes on behind it
 */
export async function trackSync(options: TrackSyncOptions): Promise<TrackSyncReport> {
  const { env = process.env, signal = new AbortController().signal } = options;
  const settings = await wandbSettings({ ...NO_WISHES, mode: "online" }, env);
  requireKey(settings);
  const folders = [...new Set(options.paths.flatMap(findRuns))];
  const logs = await Promise.all(folders.map(requireLogs));
  const counts = logs.map(countRows);
  const total = counts.reduce((a, b) => a + b, 0);
  const runs: SyncedRun[] = [];
  const faults: AmlcError[] = [];
  let done = 0;
  for (const [i, folder] of folders.entries()) {
    const onSent = (rows: number, bytes: number) =>
      options.observer?.sent?.(Math.min(total, done + rows), total, bytes);
    try {
      const run = describe(folder, await syncOne(folder, settings, options, signal, onSent));
      runs.push(run);
      if (run.error) faults.push(new AmlcError(`${folder}: ${run.error}`, { exitCode: 1, hint: AGAIN }));
    } catch (cause) {
      if (signal.aborted) throw interrupted(runs, folders.length);
      const fault = explain(cause, folder, settings);
      faults.push(fault);
      runs.push({ folder, page: null, rows: 0, whole: false, error: fault.message });
    }
    done += counts[i]!;
    onSent(0, 0);
  }
  const report = { server: settings.baseUrl, runs };
  if (faults.length === 0) return report;
  const message = folders.length === 1 ? faults[0]!.message : failures(faults, folders.length);
  const exitCode = faults.every((fault) => fault.exitCode === 1) ? 1 : 2;
  throw new AmlcError(message, {
    ...(faults[0]!.hint && { hint: faults[0]!.hint }),
    cause: faults[0],
    exitCode,
    report,
  });
}

/** A run's folder, a run's name, or the runs in a folder that have logs. */
function findRuns(path: string): readonly string[] {
  const hasLogs = (folder: string) => existsSync(join(trackFolder(folder), "run.json"));
  if (hasLogs(path)) return [path];
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const below = isFolder
    ? readdirSync(path)
        .filter((name) => !name.startsWith("."))
        .map((name) => join(path, name))
        .filter(hasLogs)
    : [];
  return below.length > 0 ? below : [openRun(path).path];
}

function syncOne(
  folder: string,
  settings: WandbSettings,
  { pace = PACE, pauses = PAUSES, observer }: TrackSyncOptions,
  signal: AbortSignal,
  onSent: (rows: number, bytes: number) => void,
): Promise<Uploaded> {
  if (lockState(folder, TRAINING) === "held") {
    throw new InputError(`${folder}: this run is being trained at this moment`, {
      hint: "its log can be sent when that has ended; track.wandb.mode=online sends a run as it goes on",
    });
  }
  let [before, last] = [0, 0];
  return uploadRun({
    ...{ folder, settings, pace, pauses, attempts: ATTEMPTS, hurry: new Hurry(), signal },
    isOver: () => true,
    onNote: (text) => observer?.note?.(text),
    onPage: () => {
      before += last;
      last = 0;
    },
    onStop: () => {},
    onSent: ({ sentRows, bytes }) => {
      last = sentRows;
      onSent(before + sentRows, bytes);
    },
  });
}

const describe = (folder: string, { page, rows, isWhole }: Uploaded): SyncedRun => ({
  ...{ folder, page: page ?? null, rows, whole: isWhole },
  error: isWhole ? null : "its rows are there, and some files could not be sent",
});

const AGAIN = "the notes above say which and why; the same command tries them again";

const GO_ON = "what was sent is known: start the same command again, and it goes on";

function explain(cause: unknown, folder: string, { baseUrl, key }: WandbSettings): AmlcError {
  if (!(cause instanceof HttpFault)) {
    if (cause instanceof AmlcError) return cause;
    throw cause;
  }
  const { status, passing, message } = cause;
  const hints: Readonly<Record<number, string>> = {
    401: `the key is from ${key?.source}; one for this server is made at its page /authorize`,
    403: "check the run's entity and project, and that the key is of somebody who may write there",
    404: "check the run's entity and project, and WANDB_BASE_URL",
  };
  const network = `check the network, the proxy (HTTPS_PROXY) and WANDB_BASE_URL; ${GO_ON}`;
  const hint = (status !== undefined && hints[status]) || (passing ? network : GO_ON);
  return new InputError(`${folder}: ${baseUrl}: ${message}`, { hint, cause });
}

function failures(faults: readonly AmlcError[], count: number): string {
  const lines = faults.map(({ message }) => `  ${message}`);
  return [`${faults.length} of ${count} runs could not be sent:`, ...lines].join("\n");
}

function interrupted(runs: readonly SyncedRun[], count: number): InterruptedError {
  return new InterruptedError(`stopped: ${runs.length} of ${count} runs are sent`, GO_ON);
}
