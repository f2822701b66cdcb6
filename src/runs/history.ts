import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { InputError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.ts";
import { parseRecord } from "./history-lines.ts";

/**
 * What one optimiser step showed. `step` counts from 1. JSON has no NaN and no infinity: such a number is written, and
 * read back, as null.
 */
export interface HistoryRecord {
  readonly step: number;
  readonly loss: number | null;
  readonly [key: string]: number | string | boolean | null;
}

/**
 * Adds one line in one write, so that a crash can leave at most the last line broken.
 * @throws InputError when it cannot be written
 */
export function appendHistory(file: string, record: HistoryRecord): void {
  try {
    appendFileSync(file, `${JSON.stringify(record)}\n`);
  } catch (cause) {
    throw new InputError(`${file}: could not be written: ${(cause as Error).message}`, {
      hint: "make room on that disk, then resume the run: its last checkpoint is unharmed",
      cause,
    });
  }
}

/**
 * Returns when what was appended survives a power cut: before a checkpoint is saved, which does, and which nobody goes on from
 * without the steps before it.
 */
export async function syncHistory(file: string): Promise<void> {
  if (!existsSync(file)) return; // no step was taken
  const opened = await open(file, "r+"); // Windows syncs nothing that is open for reading alone
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

/**
 * All records; none when there is no file. A broken last line (the process died while writing it) is left out.
 * @throws InputError naming the line when an earlier one is broken.
 */
export function readHistory(file: string): readonly HistoryRecord[] {
  return readLines(file).map(({ record }) => record);
}

/** Drops the steps after `step`: those that a resumed run takes again. The file changes whole or not at all. */
export async function truncateHistory(file: string, step: number): Promise<void> {
  const kept = readLines(file).filter(({ record }) => record.step <= step);
  await writeFileAtomic(file, kept.map(({ text }) => `${text}\n`).join(""));
}

function readLines(file: string): readonly { text: string; record: HistoryRecord }[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  const last = lines.at(-1) === "" ? lines.length - 2 : lines.length - 1;
  return lines.slice(0, last + 1).flatMap((text, index) => {
    const record = parseOwn(text);
    if (record) return [{ text, record }];
    if (index === last) return [];
    throw new InputError(`${file}:${index + 1}: not a history record: ${text.slice(0, 60)}`, {
      hint: "mend or delete this line",
    });
  });
}

/** A line as amlc writes it: one that has to be read around NaN is another program's, or broken. */
function parseOwn(text: string): HistoryRecord | undefined {
  const read = parseRecord(text);
  return read?.json === text ? (read.record as HistoryRecord) : undefined;
}
