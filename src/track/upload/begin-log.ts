import type { WandbRun } from "../../formats/wandb-record.ts";
import { HttpFault } from "../../http/faults.ts";
import { InputError } from "../../util/errors.ts";
import { LogFold } from "./fold.ts";
import { goOn, isSameLine, lastLine, lastStep, markOf, type OwnLines } from "./go-on.ts";
import { openLogTail } from "./log-tail.ts";
import {
  type Bucket,
  REWIND_RUN,
  RUN_RESUME_STATUS,
  type RunStatus,
  UPSERT_BUCKET,
  type UpsertVariables,
} from "./operations.ts";
import type { RunPlace } from "./run-files.ts";
import { isWanted, type SentState } from "./sent-state.ts";
import type { WandbServer } from "./server.ts";

/** Where a run is looked for: the entity may be the key's own. */
export type WantedPlace = Omit<RunPlace, "entity"> & { readonly entity: string | null };

export interface Beginning {
  readonly state: SentState;
  /** The run as the server had it, for what is merged with it; null when it is new. */
  readonly status: RunStatus | null;
}

export interface BeginOptions {
  readonly log: string;
  /** The logs of the run before it. */
  readonly earlier: readonly string[];
  readonly place: WantedPlace;
  /** What was sent of the log before; undefined when nothing was. */
  readonly before: SentState | undefined;
  /** The step that the run goes on behind. */
  readonly goesOnBehind: number | null;
  /** The step behind which a later log takes all steps again. */
  readonly leaveOutAfter: number | null;
  /** Of a run that nothing was sent of from here; null for one that is being sent. */
  readonly resume: "allow" | "must" | "never" | null;
  readonly note: (text: string) => void;
}

/**
 * Finds out from which lines on a log is sent. A run that went on from a checkpoint has steps on the server that it takes
 * again: the run is rewound there. Where the server does not do that, or somebody else's steps would be lost, those are left out.
 * @throws HttpFault; InputError when the run must not be there, or must
 */
export async function findBeginning(server: WandbServer, options: BeginOptions): Promise<Beginning> {
  const { place, before, goesOnBehind, leaveOutAfter, resume, note, log, earlier } = options;
  let status = await askStatus(server, place);
  if (resume === "must" && !status) throw refused(place, "is not on the server, and WANDB_RESUME is must");
  if (resume === "never" && status) throw refused(place, "is on the server already, and WANDB_RESUME is never");
  if (before) {
    const { isShared, ...state } = goOn(before, status, ownLines(log, before));
    if (isShared) note(`${place.id}: somebody else has added to this run; what was not sent follows behind that`);
    return { state: { ...state, history: withLimit(state.history, leaveOutAfter) }, status };
  }
  const reached = lastStep(status);
  let there = { lines: status?.historyLineCount ?? 0, step: reached };
  if (status && goesOnBehind !== null && reached !== null && reached > goesOnBehind) {
    const isOwn = isLineOf(earlier, lastLine(status.historyTail));
    const lines = isOwn ? await rewind(server, place, goesOnBehind) : undefined;
    if (lines === undefined) note(keptNote(place, reached, goesOnBehind, isOwn));
    else {
      status = await askStatus(server, place);
      // Its answer counts, for what is asked afterwards may still be what was.
      there = { lines: lines ?? status?.historyLineCount ?? 0, step: goesOnBehind };
    }
  }
  const state: SentState = {
    server: server.settings.baseUrl,
    entity: place.entity ?? "",
    project: place.project,
    id: place.id,
    history: {
      offset: there.lines,
      sent: 0,
      firstRow: 0,
      nextRow: 0,
      leaveOutTo: there.step,
      leaveOutAfter,
    },
    events: { offset: status?.eventsLineCount ?? 0, sent: 0 },
    output: { offset: status?.logLineCount ?? 0, sent: 0 },
    files: 0,
    artifacts: 0,
    isWhole: false,
  };
  return { state, status };
}

/** Rows that were sent keep their numbers, be they wanted by the new limit or not. */
function withLimit(history: SentState["history"], leaveOutAfter: number | null): SentState["history"] {
  if (history.leaveOutAfter === leaveOutAfter) return history;
  const { offset, sent, nextRow } = history;
  return { ...history, offset: offset + sent, sent: 0, firstRow: nextRow, leaveOutAfter };
}

const refused = ({ id, project }: WantedPlace, why: string) =>
  new InputError(`run ${id} of project ${project}: ${why}`, { hint: "choose another id, or WANDB_RESUME=allow" });

async function askStatus(server: WandbServer, { id, project, entity }: WantedPlace): Promise<RunStatus | null> {
  const variables = { project, entity, name: id };
  const { model } = await server.ask(RUN_RESUME_STATUS, variables);
  return model?.bucket ?? null;
}

function keptNote({ id }: WantedPlace, reached: number, step: number, isOwn: boolean): string {
  const who = isOwn ? "the server has" : "somebody else has added";
  const why = isOwn ? "and does not rewind" : "so it is not rewound";
  return `${id}: ${who} steps up to ${reached} ${why} to ${step}; those are left as they are`;
}

/** Whether a line of the server came from one of these logs. */
function isLineOf(logs: readonly string[], line: string | undefined): boolean {
  if (line === undefined) return false;
  const mark = markOf(line);
  return logs.some((log) => {
    using tail = openLogTail(log);
    const fold = new LogFold();
    for (let record = tail.next(); record; record = tail.next()) {
      fold.add(record);
      fold.events.length = 0;
      fold.output.length = 0;
      if (fold.rows.splice(0).some(({ step, text }) => step === Number(mark.step) && isSameLine(markOf(text), mark)))
        return true;
    }
    return false;
  });
}

/**
 * @returns the lines that are left, null when the server does not say, undefined when it does not rewind
 * @throws HttpFault when it cannot be asked
 */
async function rewind(
  server: WandbServer,
  { id, project, entity }: WantedPlace,
  step: number,
): Promise<number | null | undefined> {
  const variables = { runName: id, entity, project, metricName: "_step", metricValue: step };
  try {
    const { rewindRun } = await server.ask(REWIND_RUN, variables);
    return rewindRun?.rewoundRun ? (rewindRun.rewoundRun.historyLineCount ?? null) : undefined;
  } catch (fault) {
    if (fault instanceof HttpFault && !fault.passing && fault.status !== 401) return undefined;
    throw fault;
  }
}

/** The lines of a log that was sent in part. Of each only what tells it from others is kept. */
function ownLines(log: string, { history }: SentState): OwnLines {
  using tail = openLogTail(log);
  const fold = new LogFold();
  const own = { history: [] as OwnLines["history"][number][], events: [] as OwnLines["events"][number][], output: 0 };
  for (let record = tail.next(); record; record = tail.next()) {
    fold.add(record);
    for (const row of fold.rows.splice(0)) {
      if (row.row >= history.firstRow && isWanted(row, history))
        own.history.push({ ...markOf(row.text), row: row.row });
    }
    own.events.push(...fold.events.splice(0).map(markOf));
    own.output += fold.output.splice(0).length;
  }
  return own;
}

/** All that a run is set up with. */
export function wholeRun(run: WandbRun, place: WantedPlace, id: string | null, config: string): UpsertVariables {
  return {
    ...nothing(place),
    id,
    groupName: run.runGroup || null,
    displayName: run.displayName || null,
    notes: run.notes || null,
    commit: run.git?.commit || null,
    config,
    host: run.host || null,
    repo: run.git?.remoteUrl || null,
    jobType: run.jobType || null,
    sweep: run.sweepId || null,
    tags: run.tags && run.tags.length > 0 ? run.tags : null,
  };
}

/** The configuration of a run that is there. */
export const configOnly = (place: WantedPlace, config: string): UpsertVariables => ({ ...nothing(place), config });

const nothing = ({ id, project, entity }: WantedPlace): UpsertVariables => ({
  ...{ id: null, name: id, project, entity, groupName: null, description: null, displayName: null, notes: null },
  ...{ commit: null, config: null, host: null, debug: null, program: null, repo: null, jobType: null, state: null },
  ...{ sweep: null, tags: null, summaryMetrics: null },
});

/** @throws HttpFault */
export async function upsert(server: WandbServer, variables: UpsertVariables): Promise<Bucket> {
  const { upsertBucket } = await server.ask(UPSERT_BUCKET, { ...variables });
  return upsertBucket.bucket;
}
