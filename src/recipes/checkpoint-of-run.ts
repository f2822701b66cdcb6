import { findCheckpoint } from "../runs/checkpoints.ts";
import type { RunFolder } from "../runs/folder.ts";
import { InputError } from "../util/errors.ts";
import { requireOneOf } from "../util/one-of.ts";

const CHECKPOINTS = ["best", "last"] as const;

/** A run's checkpoint folder: the wanted one, else the best, or the last while there is no best. @throws InputError when there is none */
export function chooseCheckpoint(run: RunFolder, wanted: (typeof CHECKPOINTS)[number] | undefined): string {
  if (wanted !== undefined) requireOneOf("checkpoint", wanted, CHECKPOINTS);
  const folders = wanted ? [run[wanted]] : [run.best, run.last];
  const folder = folders.find((place) => findCheckpoint(place) !== undefined);
  if (folder !== undefined) return folder;
  throw new InputError(`${folders[0]}: this run has no checkpoint yet`, {
    hint: `go on with: amlc train --resume ${run.path}`,
  });
}
