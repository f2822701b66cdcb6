import { open, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataSettings } from "../../config/data-schema.ts";
import { InputError, InterruptedError } from "../../util/errors.ts";
import { makeOutputFolder } from "../../util/files.ts";
import { loadFaces } from "./faces.ts";
import { planLabel, type TextBox } from "./label.ts";
import { pictureName, type SynthRow } from "./rows.ts";

export interface DrawOptions {
  /** Made if it is missing. */
  readonly folder: string;
  readonly settings: DataSettings["synth"];
  /** Share of units in full words. */
  readonly inFull: number;
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

/** JPEGs are made and written in Node's pool of threads while the next labels are drawn. */
const ON_THE_WAY = 2 * (Number(process.env.UV_THREADPOOL_SIZE) || 4);

/**
 * Draws the pictures of rows into a folder, each under a name of its own. One that is there and whole is not drawn again, so
 * that a drawing that was stopped goes on. @throws InputError when the folder cannot be written to
 */
export async function drawAll(rows: readonly SynthRow[], options: DrawOptions): Promise<Drawn> {
  const { folder, settings, inFull, onDrawn, signal } = options;
  await makeOutputFolder(folder);
  const faces = loadFaces();
  const names = rows.map((row) => pictureName(row, settings, inFull));
  const present = await findWhole(folder, names);
  let done = present.size;
  onDrawn?.(done, rows.length);
  const pictures = await mapBusily(rows, ON_THE_WAY, async (row, i) => {
    if (signal?.aborted) throw stopped(done, rows.length);
    const name = names[i];
    const label = planLabel(row.fact, row.name, faces, settings, inFull);
    if (!present.has(name)) {
      await writePicture(join(folder, name), await label.draw());
      onDrawn?.(++done, rows.length);
    }
    return { name, lines: label.lines };
  });
  return { pictures, present: present.size };
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

/** Of these files, the ones that end as a JPEG does: a file that was cut short does not. */
async function findWhole(folder: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const there = new Set(await readdir(folder));
  const candidates = names.filter((name) => there.has(name));
  const whole = await mapBusily(candidates, ON_THE_WAY, (name) => endsAsJpeg(join(folder, name)));
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

async function writePicture(path: string, bytes: Buffer): Promise<void> {
  await writeFile(path, bytes).catch((cause: Error) => {
    throw new InputError(`${path}: could not be written: ${cause.message}`, {
      hint: "make room, or choose a folder that you may write to; started again, the command draws what is missing",
      cause,
    });
  });
}

const stopped = (done: number, total: number) =>
  new InterruptedError(
    `stopped; ${done} of ${total} pictures are drawn, no table was written`,
    "start the same command again: it draws what is missing",
  );
