import { HttpFault } from "../../http/faults.ts";
import { AmlcError } from "../../util/errors.ts";
import type { WandbSettings } from "../wandb-settings.ts";
import type { Pace } from "./pace.ts";
import { Hurry, type Pauses } from "./retry.ts";
import type { Sent } from "./send-log.ts";
import { uploadRun } from "./upload-run.ts";

/** What a thread that sends a run as it goes on is told. Plain data. */
export interface LiveJob {
  readonly folder: string;
  readonly settings: WandbSettings;
  readonly pace: Pace;
  readonly pauses: Pauses;
}

/** To the thread: the log is complete; or: give up, be where you may. */
export type LiveOrder = { readonly kind: "finish" } | { readonly kind: "abandon" };

/** From the thread. */
export type LiveNews =
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "page"; readonly url: string }
  | { readonly kind: "stop" }
  | { readonly kind: "sent"; readonly sent: Sent }
  | { readonly kind: "end"; readonly isWhole: boolean; readonly reason: string | undefined };

/** Longest pause between attempts once training has ended and somebody waits, in milliseconds. */
const HURRIED_MS = 2000;

/** Sends a run as it goes on, until its log is over. Never throws: what goes wrong is news. */
export function serveLiveUpload(job: LiveJob, tell: (news: LiveNews) => void): (order: LiveOrder) => void {
  const [hurry, giveUp] = [new Hurry(), new AbortController()];
  let isOver = false;
  const end = (isWhole: boolean, reason?: string) => tell({ kind: "end", isWhole, reason });
  const upload = () =>
    uploadRun({
      ...job,
      hurry,
      attempts: { first: Number.POSITIVE_INFINITY, later: Number.POSITIVE_INFINITY },
      isOver: () => isOver,
      signal: giveUp.signal,
      onNote: (text) => tell({ kind: "note", text }),
      onPage: (url) => tell({ kind: "page", url }),
      onStop: () => tell({ kind: "stop" }),
      onSent: (sent) => tell({ kind: "sent", sent }),
    });
  upload().then(
    ({ isWhole }) => end(isWhole, isWhole ? undefined : "some files could not be sent"),
    (error: unknown) => end(false, giveUp.signal.aborted ? "the time for it was over" : reasonOf(error)),
  );
  return ({ kind }) => {
    isOver = true;
    if (kind === "abandon") giveUp.abort();
    hurry.hasten(HURRIED_MS);
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof HttpFault || error instanceof AmlcError) return error.message;
  return `internal error: ${error instanceof Error ? error.stack : String(error)}`;
}
