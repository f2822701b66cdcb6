import type { LockPurpose } from "../../util/folder-lock.ts";
import { lockFolder } from "../../util/folder-lock.ts";
import type { WandbSettings } from "../wandb-settings.ts";
import { VIEWER } from "./operations.ts";
import type { Pace } from "./pace.ts";
import type { Hurry, Pauses } from "./retry.ts";
import type { RunPlace } from "./run-files.ts";
import { requireLogs, type SentLog, trackFolder, wasSyncedElsewhere } from "./segments.ts";
import { type Sent, sendLog } from "./send-log.ts";
import { readSentState, type SentState } from "./sent-state.ts";
import { openServer, type WandbServer } from "./server.ts";

/** What the one process that sends a run's logs holds their folder for. */
export const UPLOADING: LockPurpose = {
  prefix: "uploader",
  does: "is sending this run to Weights & Biases",
  instead: "send another run",
};

export interface UploadOptions {
  /** Of the run. */
  readonly folder: string;
  readonly settings: WandbSettings;
  readonly pace: Pace;
  readonly pauses: Pauses;
  readonly attempts: { readonly first: number; readonly later: number };
  readonly hurry: Hurry;
  /** False while the run's last log may grow. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
  /** Told once where people see the run. */
  readonly onPage: (url: string, place: RunPlace) => void;
  /** Somebody has pressed "Stop run" there. */
  readonly onStop: () => void;
  readonly onSent: (sent: Sent) => void;
}

export interface Uploaded {
  /** Undefined when there was nothing to set up a run with. */
  readonly page: string | undefined;
  readonly logs: number;
  /** Logs that had something to send. */
  readonly sentLogs: number;
  /** Rows that were sent now. */
  readonly rows: number;
  /** The server has everything that could be sent. */
  readonly isWhole: boolean;
}

/**
 * Sends what the server does not have of a run, its first log first, until the last one is over. One process at a time.
 * @throws HttpFault when the server cannot be reached or refuses; InputError; the signal's reason
 */
export async function uploadRun(options: UploadOptions): Promise<Uploaded> {
  const { folder, settings, hurry, signal } = options;
  const logs = await requireLogs(folder);
  using _lock = await lockFolder(trackFolder(folder), UPLOADING);
  const { pauses, attempts } = options;
  const ending = new AbortController();
  const giveUp = () => ending.abort();
  await using server = openServer(settings, {
    ...{ pauses, attempts, hurry, signal: AbortSignal.any([signal, ending.signal]) },
    onReach: (reason) => options.onNote(reachNote(settings, reason)),
  });
  const states = await Promise.all(logs.map(({ log }) => readSentState(log, settings.baseUrl)));
  const isSent = (i: number) => (states[i] ? states[i].isWhole : wasSyncedElsewhere(logs[i]!));
  const first = logs.findIndex((_, i) => !isSent(i));
  const known = states.find((state) => state !== undefined);
  const nothing = { page: known && pageOf(settings, known), logs: logs.length, sentLogs: 0, rows: 0, isWhole: true };
  if (first < 0) return nothing;

  const { entity } = known ?? { entity: settings.entity ?? (await askEntity(server)) };
  let result: Uploaded = nothing;
  for (const [i, log] of logs.entries()) {
    if (isSent(i)) continue;
    const isOvertaken = states.slice(i + 1).some((state) => state !== undefined);
    const own = { known: states[i] ?? known, before: states[i], isOvertaken, giveUp };
    const sent = await sendOne(options, server, { logs, i, entity, ...own });
    result = {
      ...result,
      page: sent.page ?? result.page,
      sentLogs: result.sentLogs + 1,
      rows: result.rows + sent.rows,
      isWhole: result.isWhole && sent.isWhole,
    };
    if (log.run && states[i] === undefined) states[i] = await readSentState(log.log, settings.baseUrl);
  }
  return result;
}

interface One {
  readonly logs: readonly SentLog[];
  readonly i: number;
  readonly entity: string | null;
  /** What is known of the run from here, be it by another log. */
  readonly known: SentState | undefined;
  readonly before: SentState | undefined;
  readonly isOvertaken: boolean;
  readonly giveUp: () => void;
}

async function sendOne(options: UploadOptions, server: WandbServer, one: One) {
  const { logs, i, entity, known, before, isOvertaken, giveUp } = one;
  const { settings } = options;
  const log = logs[i]!;
  const isLast = i === logs.length - 1;
  const again = logs.slice(i + 1).flatMap(({ goesOnBehind }) => (goesOnBehind === null ? [] : [goesOnBehind]));
  let [page, rows] = [undefined as string | undefined, 0];
  const isWhole = await sendLog({
    earlier: logs.slice(0, i).map(({ log }) => log),
    ...{ server, log, before, isLast, isOvertaken, giveUp, pace: options.pace, signal: options.signal },
    place: {
      id: log.run?.runId ?? known?.id ?? "",
      project: known?.project ?? (log.run?.project || settings.project),
      entity: known?.entity ?? (log.run?.entity || entity),
    },
    resume: i === 0 && !known ? settings.resume : null,
    leaveOutAfter: again.length > 0 ? Math.min(...again) : null,
    isOver: () => !isLast || options.isOver(),
    onNote: options.onNote,
    onStop: options.onStop,
    onPlace: (place) => {
      page = pageOf(settings, place);
      options.onPage(page, place);
    },
    onSent: (sent) => {
      rows = sent.postedRows;
      options.onSent(sent);
    },
  });
  return { page, rows, isWhole };
}

async function askEntity(server: WandbServer): Promise<string | null> {
  const { viewer } = await server.ask(VIEWER, {});
  return viewer?.entity ?? null;
}

/** The page of a run, for people. */
export function pageOf({ appUrl }: WandbSettings, { entity, project, id }: RunPlace): string {
  return `${appUrl}/${encodeURIComponent(entity)}/${encodeURIComponent(project)}/runs/${encodeURIComponent(id)}`;
}

function reachNote({ baseUrl }: WandbSettings, reason: string | undefined): string {
  if (reason === undefined) return `sending to ${baseUrl} works again`;
  return `nothing can be sent to ${baseUrl} now: ${reason}; what is logged is kept, and sending is tried again`;
}
