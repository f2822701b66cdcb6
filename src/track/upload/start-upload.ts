import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { requireKey, type WandbSettings } from "../wandb-settings.ts";
import { type LiveJob, type LiveNews, type LiveOrder, serveLiveUpload } from "./live-upload.ts";
import { PACE, type Pace } from "./pace.ts";
import { PAUSES, type Pauses } from "./retry.ts";

export interface StartUploadOptions {
  /** Of the run; its log for this process is begun. */
  readonly folder: string;
  readonly settings: WandbSettings;
  /** A sentence for the user: where the run is seen, that the server is away, that it refuses. */
  readonly onNote: (text: string) => void;
  /** Somebody has pressed "Stop run" on the run's page. Called once. */
  readonly onStop: () => void;
  readonly pace?: Partial<Pace>;
  readonly pauses?: Pauses;
}

/** How much of a run is on the server. */
export interface FinishedUpload {
  /** All of it. */
  readonly sent: boolean;
  /** Rows of the history that are not known to be there; undefined when the log was not read so far. */
  readonly rest: number | undefined;
  /** What to do about the rest. */
  readonly hint: string;
}

/** What sends a run while it is trained. */
export interface LiveUpload {
  /**
   * For a log that is complete: waits until all is sent, but no longer than so many seconds, and ends the thread.
   * May be called again, and gives the same.
   */
  finish(seconds: number): Promise<FinishedUpload>;
}

const PROGRAM = new URL("./upload-thread.js", import.meta.url);
/** That a thread gets to put down what it is at. */
const LAST_MS = 250;

/**
 * Sends a run's log as it grows, in a thread of its own, so that nothing waits for the network: a server that is away or
 * refuses is told of once, and training goes on; in sources that are not compiled no thread can be started, and this one
 * does it. @throws InputError when there is no key
 */
export function startUpload(options: StartUploadOptions): LiveUpload {
  const { folder, settings, onNote, onStop, pace, pauses = PAUSES } = options;
  requireKey(settings);
  const job: LiveJob = { folder, settings, pauses, pace: { ...PACE, ...pace } };
  const hint = `amlc track sync ${/\s/.test(folder) ? JSON.stringify(folder) : folder}`;
  let [unsent, isStopped] = [undefined as number | undefined, false];
  let [result, isFinishing] = [undefined as { isWhole: boolean } | undefined, false];
  let settle = () => {};
  const ended = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const end = (isWhole: boolean, reason?: string) => {
    if (result) return;
    result = { isWhole };
    // While somebody waits for the end its result says the same.
    if (!isWhole && !isFinishing && reason) onNote(`Weights & Biases: ${reason}; the log is kept: ${hint}`);
    settle();
  };
  const hear = (news: LiveNews) => {
    if (news.kind === "note") onNote(news.text);
    else if (news.kind === "page") onNote(`this run is at ${news.url}`);
    else if (news.kind === "sent") unsent = news.sent.rows - news.sent.sentRows;
    else if (news.kind === "end") end(news.isWhole, news.reason);
    else if (!isStopped) {
      isStopped = true;
      onStop();
    }
  };
  const sender = existsSync(PROGRAM) ? inThread(job, hear, end) : inThisThread(job, hear);
  let finished: Promise<FinishedUpload> | undefined;
  const finish = async (seconds: number): Promise<FinishedUpload> => {
    const wasOver = result !== undefined;
    isFinishing = true;
    sender.order({ kind: "finish" });
    const waiting = new AbortController();
    await Promise.race([ended, sleep(1000 * seconds, undefined, waiting).catch(() => {})]);
    if (!result) {
      sender.order({ kind: "abandon" });
      await Promise.race([ended, sleep(LAST_MS, undefined, waiting).catch(() => {})]);
    }
    waiting.abort();
    await sender.close();
    const sent = result?.isWhole === true;
    return { sent, rest: sent ? 0 : wasOver ? undefined : unsent, hint };
  };
  return {
    finish(seconds) {
      finished ??= finish(seconds);
      return finished;
    },
  };
}

interface Sender {
  order(order: LiveOrder): void;
  close(): Promise<void>;
}

function inThread(
  job: LiveJob,
  hear: (news: LiveNews) => void,
  end: (isWhole: boolean, reason: string) => void,
): Sender {
  const worker = new Worker(PROGRAM, { workerData: job, execArgv: [] }); // flags such as --input-type are for one program
  worker.unref(); // it must not keep a process alive that has ended otherwise
  worker.on("message", hear);
  worker.on("error", (error) => end(false, `the thread that sends it has failed: ${error.message}`));
  worker.on("exit", () => end(false, "the thread that sends it has ended"));
  return {
    order(order) {
      worker.ref();
      worker.postMessage(order);
    },
    async close() {
      await worker.terminate();
    },
  };
}

function inThisThread(job: LiveJob, hear: (news: LiveNews) => void): Sender {
  const order = serveLiveUpload(job, hear);
  return { order, close: async () => {} };
}
