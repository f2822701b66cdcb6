import { closeSync, fdatasyncSync, ftruncateSync, openSync, readdirSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type EventValue, encodeEvent, type TensorboardEvent } from "../formats/tensorboard.ts";
import { timestamp } from "../util/clock.ts";
import { InputError } from "../util/errors.ts";
import { makeFolder } from "../util/files.ts";

export interface EventFileOptions {
  /** Step of the checkpoint that training goes on from; 0 when it begins. */
  readonly startStep: number;
  /** Told once, when the disk does not take what is written. Training goes on. */
  readonly onFault: (fault: InputError) => void;
  /** Seconds since 1970. */
  readonly now?: () => number;
}

/** A file that TensorBoard reads while it grows. What a call writes is in the file when it returns. */
export interface EventFile {
  readonly path: string;
  /** Numbers by their names; those in front of a `/` are groups. */
  scalars(record: Readonly<Record<string, number>>, step: number): void;
  /** Markdown. */
  text(name: string, text: string, step: number): void;
  /** A picture's file, PNG or JPEG. */
  image(name: string, bytes: Uint8Array, step: number, width: number, height: number): void;
  /** Waits until the disk has what was written. */
  flush(): void;
  /** Calls after it do nothing. */
  close(): void;
}

/**
 * Begins an event file in a folder that TensorBoard is given. A run that is resumed has a file for each process; of the steps
 * that it takes again TensorBoard drops what the files before say.
 * @throws InputError when the folder cannot be made; the error of the file system when the file cannot
 */
export async function openEventFile(dir: string, options: EventFileOptions): Promise<EventFile> {
  const { startStep, onFault, now = () => Date.parse(timestamp()) / 1000 } = options;
  await makeFolder(dir);
  const earlier = readdirSync(dir).flatMap((name) => secondOf(name) ?? []);
  // TensorBoard reads the files of a folder in the order of their names, so a clock that was set back must not show.
  const second = Math.max(Math.floor(now()), ...earlier.map((each) => each + 1));
  const path = join(dir, `${PREFIX}${String(second).padStart(10, "0")}.${hostname()}.${process.pid}.0`);
  const file = new GrowingFile(path, onFault);
  const write = (step: number, content: TensorboardEvent["content"]) =>
    file.append(() => encodeEvent({ wallTime: now(), step, content }));
  write(0, "version");
  if (earlier.length > 0) write(startStep > 0 ? startStep + 1 : 0, "restart");
  return {
    path,
    scalars(record, step) {
      const values = Object.entries(record).map(([tag, value]): EventValue => ({ kind: "scalar", tag, value }));
      if (values.length > 0) write(step, values);
    },
    text: (tag, text, step) => write(step, [{ kind: "text", tag, text }]),
    image: (tag, bytes, step, width, height) => write(step, [{ kind: "image", tag, bytes, width, height }]),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}

const PREFIX = "events.out.tfevents.";

function secondOf(name: string): number | undefined {
  const [, second] = /^events\.out\.tfevents\.(\d+)\./.exec(name) ?? [];
  return second === undefined ? undefined : Number(second);
}

/** A record is in the file whole, or not at all when the disk did not take it. */
class GrowingFile {
  readonly #path: string;
  readonly #onFault: (fault: InputError) => void;
  #file: number | undefined;
  #end = 0;
  #isTold = false;

  constructor(path: string, onFault: (fault: InputError) => void) {
    this.#path = path;
    this.#onFault = onFault;
    this.#file = openSync(path, "wx");
  }

  append(encode: () => Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    const bytes = encode();
    this.#attempt(() => {
      try {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(file, bytes, done, bytes.length - done, this.#end + done);
        }
        this.#end += bytes.length;
      } catch (cause) {
        ftruncateSync(file, this.#end);
        throw cause;
      }
    });
  }

  flush(): void {
    const file = this.#file;
    if (file !== undefined) this.#attempt(() => fdatasyncSync(file));
  }

  close(): void {
    this.flush();
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) this.#attempt(() => closeSync(file));
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (cause) {
      if (this.#isTold) return;
      this.#isTold = true;
      this.#onFault(
        new InputError(`${this.#path}: could not be written: ${(cause as Error).message}`, {
          hint: "make room on that disk: training goes on, but what it tells TensorBoard meanwhile will be missing",
          cause,
        }),
      );
    }
  }
}
