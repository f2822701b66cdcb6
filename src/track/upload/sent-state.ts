import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { readJson } from "../../formats/json.ts";
import { writeFileAtomic } from "../../util/files.ts";
import type { Row } from "./fold.ts";

const count = () => z.int().nonnegative();

/** Lines of one kind: those of the log are at `offset` and behind it on the server, of which the first `sent` are known to be there. */
const Lines = z.object({ offset: count(), sent: count() });

const StateSchema = z.object({
  /** Base URL: another server knows nothing of what this one was sent. */
  server: z.string(),
  entity: z.string(),
  project: z.string(),
  id: z.string(),
  history: Lines.extend({
    /** Rows of the log before this one are no business of `offset`: they were sent, or left out. */
    firstRow: count(),
    /** The row behind the last that is known to be there. */
    nextRow: count(),
    /** Rows up to this step are left out, for the server has others of these steps. */
    leaveOutTo: z.int().nullable(),
    /** Rows behind this step are left out, for a later log takes these steps again. */
    leaveOutAfter: z.int().nullable(),
  }),
  events: Lines,
  output: Lines,
  /** So many of the log's files and artifacts, its first ones, are there. */
  files: count(),
  artifacts: count(),
  isWhole: z.boolean(),
});

/** What of a log the server is known to have. Lines have numbers there, so what was sent and is not known to be is sent again. */
export type SentState = Readonly<z.output<typeof StateSchema>>;

const stateFile = (log: string) => join(dirname(log), "upload.json");

/** The mark that W&B's own `wandb sync` makes, and minds. */
const syncedMark = (log: string) => `${log}.synced`;

/** Undefined when nothing of the log was sent to this server. A file that cannot be read is as none. */
export async function readSentState(log: string, server: string): Promise<SentState | undefined> {
  const state = await readJson(stateFile(log), StateSchema).catch(() => undefined);
  return state?.server === server ? state : undefined;
}

/** @throws InputError when it cannot be written */
export async function writeSentState(log: string, state: SentState): Promise<void> {
  await writeFileAtomic(stateFile(log), `${JSON.stringify(state)}\n`);
  if (state.isWhole) await writeFileAtomic(syncedMark(log), "");
  else await rm(syncedMark(log), { force: true });
}

/** Whether a row belongs on the server. */
export function isWanted({ step }: Row, { leaveOutTo, leaveOutAfter }: SentState["history"]): boolean {
  return (leaveOutTo === null || step > leaveOutTo) && (leaveOutAfter === null || step <= leaveOutAfter);
}
