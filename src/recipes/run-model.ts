import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { loadCheckpoint } from "../runs/checkpoints.ts";
import { openRun, type RunFolder } from "../runs/folder.ts";
import type { Trained } from "../train/trained.ts";
import { type Base, loadBase } from "./base.ts";
import { requireOwnBase } from "./base-of-run.ts";
import { chooseCheckpoint } from "./checkpoint-of-run.ts";
import { decodeTuned } from "./tuned.ts";

export interface RunModelOptions {
  /** Name or path of a run. */
  readonly run: string;
  /** Unless told otherwise best, or last while there is no best. */
  readonly checkpoint?: "best" | "last";
  /** Settings of the run's configuration to change, as `data.images=photos`. */
  readonly sets?: readonly string[];
}

/** What a run has learnt, with its base. */
export interface RunModel {
  readonly run: RunFolder;
  readonly config: Config;
  /** Of the checkpoint. */
  readonly folder: string;
  readonly base: Base;
  readonly trained: Trained;
}

/** @throws InputError when the run has no checkpoint yet, or its base is not there or another */
export async function openRunModel({ run: nameOrPath, checkpoint, sets = [] }: RunModelOptions): Promise<RunModel> {
  const run = openRun(nameOrPath);
  const config = loadConfig({ config: run.config, sets });
  const folder = chooseCheckpoint(run, checkpoint);
  const base = await loadBase(config);
  await requireOwnBase(run, config, base);
  return { run, config, folder, base, trained: await decodeTuned(config, base, folder, await loadCheckpoint(folder)) };
}
