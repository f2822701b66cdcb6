import {
  closeSync,
  constants,
  type Dirent,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join, sep } from "node:path";
import { EVALUATION_FILE, PREDICTIONS_FILE, RUN_FILES, type RunFolder, runFolder } from "../runs/folder.ts";
import { historyLines } from "../runs/history-lines.ts";
import { TRAINING } from "../runs/outcome.ts";
import { lockState } from "../util/folder-lock.ts";

/** A run's files as they are at one moment; contents are not read. */
export interface RunFiles {
  readonly run: RunFolder;
  /** A text for each file that is another when the file is. */
  readonly stamps: ReadonlyMap<string, string>;
  /** A text that is another when any of this is. */
  readonly signature: string;
  /** Bytes of the history. */
  readonly historySize: number;
  /** Splits, as file names have them. */
  readonly evaluated: readonly string[];
  readonly predicted: readonly string[];
  /** Names that would be read if they were no links. */
  readonly links: readonly string[];
  readonly hasBest: boolean;
  readonly lock: "held" | "dead" | "none";
}

/**
 * The runs in a folder, by name: folders with a configuration, in the order of their names. A link to a folder counts if that
 * lies in the same folder; one that leads out of it is no run.
 */
export function findRuns(folder: string): ReadonlyMap<string, RunFolder> {
  const home = realPath(folder);
  if (home === undefined) return new Map();
  const isWithin = (path: string) => realPath(path)?.startsWith(home.endsWith(sep) ? home : home + sep) === true;
  const names = entriesOf(home)
    .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && isWithin(join(home, entry.name))))
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("."))
    .sort();
  const runs = names.map((name) => runFolder(join(home, name))).filter(({ config }) => existsSync(config));
  return new Map(runs.map((run) => [run.name, run]));
}

/** None of what is no folder, or not ours to read. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Undefined where nothing is there. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Looks at a run's files; undefined when it is gone or cannot be read. Only ordinary files count: a link may lead anywhere. */
export function lookAt(run: RunFolder): RunFiles | undefined {
  try {
    const entries = readdirSync(run.path, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    const stats = names.flatMap((name) => {
      const found = isRead(name) ? statSync(join(run.path, name), { throwIfNoEntry: false }) : undefined;
      return found ? [{ name, found }] : [];
    });
    if (!stats.some(({ name }) => name === RUN_FILES.config)) return undefined;
    const hasLock = names.some((name) => name.endsWith(".lock"));
    const splitsOf = (pattern: RegExp) => names.flatMap((name) => pattern.exec(name)?.[1] ?? []).sort();
    const stamps = stats.map(({ name, found: { ino, size, mtimeMs } }) => [name, `${ino} ${size} ${mtimeMs}`] as const);
    const [hasBest, lock] = [existsSync(run.best), hasLock ? lockState(run.path, TRAINING) : "none"] as const;
    return {
      run,
      stamps: new Map(stamps),
      signature: `${stamps.join()} ${hasBest} ${lock}`,
      historySize: stats.find(({ name }) => name === RUN_FILES.history)?.found.size ?? 0,
      evaluated: splitsOf(EVALUATION_FILE),
      predicted: splitsOf(PREDICTIONS_FILE),
      links: entries.filter((entry) => entry.isSymbolicLink() && isRead(entry.name)).map(({ name }) => name),
      hasBest,
      lock,
    };
  } catch {
    return undefined;
  }
}

const READ: ReadonlySet<string> = new Set([
  RUN_FILES.config,
  RUN_FILES.environment,
  RUN_FILES.history,
  RUN_FILES.outcome,
]);
const isRead = (name: string) => READ.has(name) || EVALUATION_FILE.test(name) || PREDICTIONS_FILE.test(name);

/** How a run's file is opened: not by a link, for that may lead anywhere, and without a wait, as a pipe would have it. */
export const READ_OWN = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const TAIL = 2 ** 12;
const NEWLINE = 0x0a;

/** Each number as the last lines of a history have it, NaN where it is none; nothing of a file that cannot be read. */
export function readTail(path: string): ReadonlyMap<string, number> {
  const bytes = lastBytes(path);
  const lines = historyLines();
  const found = new Map<string, number>();
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  for (let at = bytes.length < TAIL ? 0 : bytes.indexOf(NEWLINE) + 1; at < end; ) {
    const next = lines.read(bytes, at);
    if (next >= 0) for (const c of lines.columns) if (c >= 0) found.set(lines.names[c], lines.values[c]);
    at = next < 0 ? ~next : next;
  }
  return found;
}

function lastBytes(path: string): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, TAIL));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, size - bytes.length));
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
