import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ReadOptions } from "../../data/table.ts";
import { tableEnding } from "../../data/table-write.ts";
import { InputError } from "../../util/errors.ts";
import type { Observer } from "../observer.ts";

/** What every job over a table takes besides its own options. */
export interface TableJob {
  readonly observer?: Observer;
  /** Stops the job; nothing is written then. */
  readonly signal?: AbortSignal;
}

export function readOptions({ observer, signal }: TableJob): ReadOptions {
  return {
    ...(observer?.read && { onRead: (done: number, total: number) => observer.read?.(done, total) }),
    ...(signal && { signal }),
  };
}

/** `rows.csv.gz` with the word `val` in the same folder is `rows-val.csv.gz`. */
export function siblingTable(path: string, word: string, folder = dirname(path)): string {
  const { stem, ending } = tableEnding(basename(path));
  return join(folder, `${stem}-${word}${ending}`);
}

/** @throws InputError when a job would write over what it reads */
export async function refuseOverwrite(input: string, ...outputs: readonly string[]): Promise<void> {
  const real = (path: string) => realpath(path).catch(() => path);
  const source = await real(input);
  for (const output of outputs) {
    if ((await real(output)) !== source) continue;
    throw new InputError(`${output}: is the table that is read`, { hint: "give the output another name" });
  }
}
