import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { readJson } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";
import { makeFolder, writeFileAtomic } from "../util/files.ts";
import { requireRunId } from "./wandb-settings.ts";

/**
 * One stretch of a run: what one process wrote, from its start to its end. Weights & Biases has a folder for it, with the log
 * and, in `files`, what is sent beside it.
 */
export interface Segment {
  readonly folder: string;
  readonly log: string;
  readonly files: string;
  /** What artifacts are made of, each file named by its MD5. */
  readonly staging: string;
}

const RunFile = z.object({
  id: z.string(),
  /** Names of folders, the first process first. */
  segments: z.array(z.string()),
});

/** A run as it is tracked: its id at Weights & Biases and its segments in the order they were begun. */
export interface TrackedRun {
  readonly id: string;
  readonly segments: readonly Segment[];
}

const runFile = (dir: string) => join(dir, "wandb", "run.json");

/** @param dir the folder of a run. Undefined when it was never tracked. @throws InputError naming the file */
export async function readTrackedRun(dir: string): Promise<TrackedRun | undefined> {
  const file = runFile(dir);
  if (!existsSync(file)) return undefined;
  const { id, segments } = await readJson(file, RunFile);
  return {
    id,
    segments: segments
      .map((name) => segmentAt(join(dir, "wandb", basename(name)), id))
      .filter(({ log }) => existsSync(log)),
  };
}

export interface SegmentStart {
  /** Null: that of the segments before, else eight letters and digits. */
  readonly id: string | null;
  readonly mode: "offline" | "online";
  /** The process's, in seconds since 1970. */
  readonly start: number;
}

/**
 * Begins a segment. All segments of a folder have one id.
 * @throws InputError when W&B would not take the id, or the folder has another
 */
export async function beginSegment(
  dir: string,
  { id, mode, start }: SegmentStart,
): Promise<{ readonly id: string; readonly segment: Segment; readonly earlier: readonly Segment[] }> {
  if (id !== null) requireRunId(id);
  const before = await readTrackedRun(dir);
  if (before && id !== null && id !== before.id) {
    throw new InputError(`${runFile(dir)}: this run is known to Weights & Biases as ${before.id}, not as ${id}`, {
      hint: `leave the id out, or delete ${join(dir, "wandb")}, the log of what was tracked so far, to begin anew`,
    });
  }
  const chosen = before?.id ?? id ?? randomId();
  const parent = join(resolve(dir), "wandb");
  await makeFolder(parent);
  const prefix = mode === "online" ? "run" : "offline-run";
  const folder = await makeFreshFolder(start, (time) => join(parent, `${prefix}-${time}-${chosen}`));
  const segment = segmentAt(folder, chosen);
  await mkdir(segment.files);
  const earlier = before?.segments ?? [];
  const segments = [...earlier, segment].map((each) => basename(each.folder));
  await writeFileAtomic(runFile(dir), `${JSON.stringify({ id: chosen, segments }, null, 2)}\n`);
  return { id: chosen, segment, earlier };
}

function segmentAt(folder: string, id: string): Segment {
  return {
    folder,
    log: join(folder, `run-${id}.wandb`),
    files: join(folder, "files"),
    staging: join(folder, "artifacts"),
  };
}

/** Named by the second; of two that begin in one the later is named by the next that is free. */
async function makeFreshFolder(start: number, path: (time: string) => string): Promise<string> {
  for (let second = Math.floor(start); ; second++) {
    const folder = path(compactTime(second));
    try {
      await mkdir(folder);
      return folder;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    }
  }
}

/** `20261126_103410`, UTC. */
const compactTime = (seconds: number) =>
  new Date(1000 * seconds).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_");

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Letters and digits, by chance. */
export const randomId = (length = 8) => Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join("");
