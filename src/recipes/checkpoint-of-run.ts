import { findCheckpoint } from "../runs/checkpoints.ts";
import type { RunFolder } from "../runs/folder.ts";
import { InputError } from "../util/errors.ts";

/** A run's checkpoint folder: the wanted one, else the best, or the last while there is no best. @throws InputError when there is none */
export function chooseCheckpoint(run: RunFolder, wanted: "best" | "last" | undefined): string {
  const folders = wanted ? [run[wanted]] : [run.best, run.last];
  const folder = folders.find((place) => findCheckpoint(place) !== undefined);
  if (folder !== undefined) return folder;
  throw new InputError(`${folders[0]}: this run has no checkpoint yet`, {
    hint: `go on with: amlc train --resume ${run.path}`,
  });
}
