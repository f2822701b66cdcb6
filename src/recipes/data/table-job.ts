import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { DataSettings } from "../../config/data-schema.ts";
import { parseDataSettings } from "../../config/load.ts";
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

/** @throws InputError when a job would write over a file that it reads, or two files to one place */
export async function refuseOverwrite(
  inputs: readonly (string | undefined)[],
  outputs: readonly string[],
): Promise<void> {
  const real = (path: string) => realpath(path).catch(() => resolve(path));
  const taken = new Set(await Promise.all(inputs.filter((path) => path !== undefined).map(real)));
  for (const output of outputs) {
    const place = await real(output);
    if (taken.has(place)) {
      throw new InputError(`${output}: is a file that this command reads, or writes something else to`, {
        hint: "give the output another name",
      });
    }
    taken.add(place);
  }
}

/** Settings that a program gives are checked as those of a file are. @throws InputError listing every fault */
export function checkSettings<S extends Partial<DataSettings>>(settings: S): S {
  const checked = parseDataSettings(settings);
  return Object.fromEntries(Object.keys(settings).map((group) => [group, checked[group as keyof DataSettings]])) as S;
}

/** @throws InputError for a number that is no share; a path may be anything */
export function checkShare(val: number | string | undefined): void {
  if (typeof val !== "number" || (val >= 0 && val <= 1)) return;
  throw new InputError(`val is ${val}: a share is from 0 to 1`, {
    hint: "0.05 keeps 5 % of the images for validation",
  });
}
