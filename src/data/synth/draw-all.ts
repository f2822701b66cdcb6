import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { InterruptedError } from "../../util/errors.ts";
import { makeOutputFolder } from "../../util/files.ts";
import type { DrawSetting } from "./draw-row.ts";
import { startDrawThreads } from "./draw-threads.ts";
import type { TextBox } from "./label.ts";
import { pictureName, type SynthRow } from "./rows.ts";

/** The folder is made if it is missing. */
export interface DrawOptions extends DrawSetting {
  readonly onDrawn?: (done: number, total: number) => void;
  /** Ends the drawing with an InterruptedError. */
  readonly signal?: AbortSignal;
}

export interface Drawn {
  /** Of each row, in order: its file and what stands on it. */
  readonly pictures: readonly { readonly name: string; readonly lines: readonly TextBox[] }[];
  /** Pictures that were there already. */
  readonly present: number;
}

/**
 * Draws the pictures of rows into a folder, each under a name of its own. One that is there and whole is not drawn again, so
 * that a drawing that was stopped goes on. @throws InputError when the folder cannot be written to
 */
export async function drawAll(rows: readonly SynthRow[], options: DrawOptions): Promise<Drawn> {
  const { folder, settings, inFull, onDrawn, signal } = options;
  await makeOutputFolder(folder);
  const files = rows.map((row) => pictureName(row, settings, inFull));
  const present = await findWhole(folder, files);
  const threads = startDrawThreads(rows.length - present.size, { folder, settings, inFull });
  let done = present.size;
  onDrawn?.(done, rows.length);
  try {
    const pictures = await mapBusily(rows, threads.rowsAtOnce, async ({ fact, name }, i) => {
      if (signal?.aborted) throw stopped(done, rows.length);
      const task = { fact, name, file: files[i], isThere: present.has(files[i]) };
      const lines = await threads.draw(task);
      if (!task.isThere) onDrawn?.(++done, rows.length);
      return { name: task.file, lines };
    });
    return { pictures, present: present.size };
  } finally {
    await threads.close();
  }
}

/** Some at a time, in order; after an error none is begun, and those on the way are waited for. @throws the first error */
async function mapBusily<T, R>(items: readonly T[], limit: number, work: (item: T, i: number) => Promise<R>) {
  const results = new Array<R>(items.length);
  const errors: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && errors.length === 0) {
      const i = next++;
      try {
        results[i] = await work(items[i], i);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (errors.length > 0) throw errors[0];
  return results;
}

const FILES_AT_ONCE = 16;

/** Of these files, the ones that end as a JPEG does: a file that was cut short does not. */
async function findWhole(folder: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const there = new Set(await readdir(folder));
  const candidates = names.filter((name) => there.has(name));
  const whole = await mapBusily(candidates, FILES_AT_ONCE, (name) => endsAsJpeg(join(folder, name)));
  return new Set(candidates.filter((_, i) => whole[i]));
}

async function endsAsJpeg(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, Math.max(0, size - 2));
    return buffer.readUInt16BE() === 0xffd9;
  } finally {
    await file.close();
  }
}

const stopped = (done: number, total: number) =>
  new InterruptedError(
    `stopped; ${done} of ${total} pictures are drawn, no table was written`,
    "start the same command again: it draws what is missing",
  );
