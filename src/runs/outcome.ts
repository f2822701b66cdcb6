import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { checkJson, parseJson, readJson } from "../formats/json.ts";
import { writeFileAtomic } from "../util/files.ts";
import type { LockPurpose } from "../util/folder-lock.ts";
import { RUN_FILES, type RunFolder } from "./folder.ts";

/** What the one process that trains a run holds its folder for. */
export const TRAINING: LockPurpose = {
  prefix: "trainer",
  does: "is training this run",
  instead: "start another run",
};

const OutcomeSchema = z.object({
  outcome: z.enum(["finished", "stopped", "failed"]),
  step: z.int().nonnegative(),
  reason: z.string().optional(),
});

/** How a training ended, `outcome.json` of its run. A run that is being trained has none. */
export interface RunOutcome {
  readonly outcome: "finished" | "stopped" | "failed";
  /** The last step that was taken. */
  readonly step: number;
  /** Why it was stopped or failed, in words. */
  readonly reason?: string | undefined;
}

/** Says how a training has ended. @throws InputError when it cannot be written */
export function writeOutcome(run: Pick<RunFolder, "path">, outcome: RunOutcome): Promise<void> {
  return writeFileAtomic(outcomeFile(run), `${JSON.stringify(outcome)}\n`);
}

/** For a training that begins or goes on: how the one before it ended says nothing any more. */
export function clearOutcome(run: Pick<RunFolder, "path">): Promise<void> {
  return rm(outcomeFile(run), { force: true });
}

/** Null where there is none: the run is being trained, was killed, or is older than this file. @throws InputError when it is broken */
export async function readOutcome(run: Pick<RunFolder, "path">): Promise<RunOutcome | null> {
  return readJson(outcomeFile(run), OutcomeSchema).catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return null;
    throw error;
  });
}

/** As {@link readOutcome}, from text; `source` names it in errors. */
export function parseOutcome(source: string, text: string): RunOutcome {
  return checkJson(source, parseJson(source, text), OutcomeSchema);
}

const outcomeFile = ({ path }: Pick<RunFolder, "path">) => join(path, RUN_FILES.outcome);
