import { randomBytes, randomInt } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { SAFE_NAME } from "../config/schema.ts";
import { InputError } from "../util/errors.ts";
import { makeFolder, writeFileAtomic } from "../util/files.ts";
import { suggestName } from "../util/near-name.ts";
import type { Environment } from "./environment.ts";
import { ADJECTIVES, ANIMALS } from "./words.ts";

/** Where everything of one run is kept. */
export interface RunFolder {
  readonly name: string;
  readonly path: string;
  /** The configuration with every default filled in, YAML. */
  readonly config: string;
  /** Versions, machine and data checksums, JSON. */
  readonly environment: string;
  /** One JSON line an optimiser step. */
  readonly history: string;
  /** Where the time of some steps went, a Chrome trace. */
  readonly profile: string;
  /** Checkpoint folders: the newest, and the one with the best evaluation. */
  readonly last: string;
  readonly best: string;
  /** Result of an evaluation; `split` is train, val or a CSV's path. */
  evaluation(split: string): string;
  /** Answers of an evaluation, CSV. */
  predictions(split: string): string;
}

/** Names of files in a run's folder. */
export const RUN_FILES = {
  config: "config.yaml",
  environment: "environment.json",
  history: "history.jsonl",
  profile: "profile.json",
  outcome: "outcome.json",
} as const;

/** Of these there is one a split. `label` stands for the split in the name, and the patterns find it there. */
export const evaluationFile = (label: string): string => `eval-${label}.json`;
export const predictionsFile = (label: string): string => `predictions-${label}.csv`;
export const EVALUATION_FILE = /^eval-(.+)\.json$/;
export const PREDICTIONS_FILE = /^predictions-(.+)\.csv$/;

/** The files of the run at `path`; touches no disk. */
export function runFolder(path: string): RunFolder {
  return {
    name: basename(path),
    path,
    config: join(path, RUN_FILES.config),
    environment: join(path, RUN_FILES.environment),
    history: join(path, RUN_FILES.history),
    profile: join(path, RUN_FILES.profile),
    last: join(path, "checkpoints", "last"),
    best: join(path, "checkpoints", "best"),
    evaluation: (split) => join(path, evaluationFile(splitLabel(split))),
    predictions: (split) => join(path, predictionsFile(splitLabel(split))),
  };
}

/** What a run is told and what it stands on: there from its first moment on. */
export interface RunStart {
  /** YAML. */
  readonly config: string;
  readonly environment: Environment;
}

/**
 * Makes the folder of a new run in `dir`, called `name` or else two words and a number. It appears with its configuration
 * in it, so that a process killed at any moment leaves a run that can be resumed, or none.
 * @throws InputError when a run of that name exists (a run is resumed or left alone, never overwritten) or `dir` cannot
 * be written to
 */
export async function createRun(
  { dir, name }: { dir: string; name: string | null },
  start: RunStart,
): Promise<RunFolder> {
  const draft = runFolder(join(dir, `.new-${randomBytes(6).toString("hex")}`));
  try {
    await makeDraft(draft, start);
    for (;;) {
      const path = join(dir, name ?? inventName());
      if (await renameToNew(draft.path, path)) return runFolder(path);
      if (name === null) continue;
      throw new InputError(`${path}: this run exists already`, {
        hint: `go on with it by --resume ${path}, or give another name by --set run.name=...`,
      });
    }
  } finally {
    await rm(draft.path, { recursive: true, force: true }).catch(() => {});
  }
}

async function makeDraft(draft: RunFolder, { config, environment }: RunStart): Promise<void> {
  await makeFolder(draft.path).catch((cause: Error) => {
    throw new InputError(`${dirname(draft.path)}: no run can be kept here: ${cause.message}`, {
      hint: "set run.dir to a folder that you may write to",
      cause,
    });
  });
  await writeFileAtomic(draft.config, config);
  await writeFileAtomic(draft.environment, `${JSON.stringify(environment, null, 2)}\n`);
}

/**
 * Opens a run by its name in `dir` or by its path.
 * @throws InputError naming the nearest run when there is none.
 */
export function openRun(nameOrPath: string, dir = "experiments"): RunFolder {
  const isPath = /[\\/]/.test(nameOrPath) || !SAFE_NAME.test(nameOrPath);
  const candidates = isPath ? [nameOrPath] : [join(dir, nameOrPath), nameOrPath];
  const found = candidates.map(runFolder).find(({ config }) => existsSync(config));
  if (found) return found;
  const place = existsSync(candidates[0]) ? `is no run: it has no ${RUN_FILES.config}` : "there is no such run";
  const home = isPath ? dirname(nameOrPath) : dir;
  throw new InputError(`${nameOrPath}: ${place}`, {
    hint: `runs in ${home}: ${suggestName(basename(nameOrPath), listRuns(home))}`,
  });
}

/** Names of the runs in `dir`; none when that is no folder. A run still being made has a hidden name. */
export function listRuns(dir: string): readonly string[] {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(dir).filter((name) => !name.startsWith(".") && existsSync(runFolder(join(dir, name)).config));
}

/** What stands for a split in a file name: `val`, or for `some/rows 2.csv`: `rows-2`. */
function splitLabel(split: string): string {
  const named = ["train", "val", "all"];
  if (named.includes(split)) return split;
  const stem = basename(split, extname(split))
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^\.+/, "")
    .slice(0, 64);
  return named.includes(stem) || stem === "" ? `file-${stem}` : stem;
}

function inventName(): string {
  const pick = (words: readonly string[]) => words[randomInt(words.length)];
  return `${pick(ADJECTIVES)}-${pick(ANIMALS)}-${randomInt(1, 100)}`;
}

/** False when something of that name is there already, be it since a moment ago. */
async function renameToNew(from: string, to: string): Promise<boolean> {
  if (existsSync(to)) return false;
  try {
    await rename(from, to);
    return true;
  } catch (cause) {
    if (existsSync(to)) return false;
    throw cause;
  }
}
