import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import { type Config, SAFE_NAME } from "../config/schema.ts";
import { compareEnvironments, type EnvironmentDifference } from "../runs/environment-difference.ts";
import { openRun, type RunFolder, runFolder } from "../runs/folder.ts";
import { type HistoryRecord, readHistory } from "../runs/history.ts";
import { compareHistories, type HistoryComparison } from "../runs/history-difference.ts";
import { InputError, InterruptedError } from "../util/errors.ts";
import type { Observer } from "./observer.ts";
import { refuseChangedData, train } from "./train.ts";
import type { TrainOptions } from "./training-loop.ts";

export interface RerunOptions extends TrainOptions {
  /** Name or path of the run to repeat. */
  readonly run: string;
  /** Of the new run, which lies beside the other; by default the other's name with `-rerun`. */
  readonly name?: string;
  /** How many steps to repeat; by default all that the run has taken. */
  readonly steps?: number;
}

export interface RerunReport extends HistoryComparison {
  /** Path of the run that was repeated. */
  readonly run: string;
  /** Path of the new one. */
  readonly rerun: string;
  readonly equal: boolean;
  /** What else is not as it was. */
  readonly environment: readonly EnvironmentDifference[];
}

/**
 * Trains a run anew from its own folder, finished or not, and compares the histories: all but timings must be equal, bit
 * for bit. The new run is one like any other.
 * @throws InputError when there is no such run, it has taken no step, or its data have changed; InterruptedError when
 * the signal ended it
 */
export async function rerun({ run: nameOrPath, name, steps, ...options }: RerunOptions): Promise<RerunReport> {
  const run = openRun(nameOrPath);
  const config = loadConfig({ config: run.config });
  const history = firstSteps(run, steps);
  await refuseChangedData(run, config, "or repeat a run that was trained on the rows as they are now");
  const place = placeBeside(run, name);
  const again = runFolder(join(place.dir, place.name));
  await trainUpTo(history.at(-1)!.step, { ...config, run: place }, options);
  const comparison = compareHistories(history, readHistory(again.history));
  const environment = await compareEnvironments(run.environment, again.environment);
  return { run: run.path, rerun: again.path, equal: comparison.difference === null, ...comparison, environment };
}

function firstSteps(run: RunFolder, steps: number | undefined): readonly HistoryRecord[] {
  const history = readHistory(run.history);
  const taken = history.at(-1)?.step;
  if (taken === undefined) {
    throw new InputError(`${run.path}: no step was taken yet, so there is nothing to repeat`, {
      hint: `train it first: amlc train --resume ${run.path}`,
    });
  }
  if (steps === undefined) return history;
  if (!Number.isInteger(steps) || steps < 1 || steps > taken) {
    throw new InputError(`${run.path}: ${steps} steps cannot be repeated: it has taken ${taken}`, {
      hint: `give a whole number from 1 to ${taken}, or none for all`,
    });
  }
  return history.filter(({ step }) => step <= steps);
}

/** The runs' folder may have moved since `run.dir` was written, so it is the run's own. */
function placeBeside(run: RunFolder, wanted: string | undefined): { dir: string; name: string } {
  const dir = join(run.path, "..");
  const name = wanted ?? nextName(dir, `${basename(resolve(run.path))}-rerun`);
  if (!SAFE_NAME.test(name)) {
    throw new InputError(`${name}: not a name for a run`, {
      hint: "choose one by --name: at most 64 letters, digits, '.', '_' or '-', with no leading '.' or '-'",
    });
  }
  if (existsSync(join(dir, name))) {
    throw new InputError(`${join(dir, name)}: this run exists already`, { hint: "choose another name by --name" });
  }
  return { dir, name };
}

function nextName(dir: string, name: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`;
    if (!existsSync(join(dir, candidate))) return candidate;
  }
}

/** Fewer steps by `train.max_steps` would be another schedule: the run is stopped instead, as by its user. */
async function trainUpTo(last: number, config: Config, { observer, signal, ...options }: TrainOptions): Promise<void> {
  const reached = new AbortController();
  const watched: Observer = {
    ...observer,
    step: (record) => {
      observer?.step?.(record, last);
      if (record.step === last) reached.abort();
    },
  };
  const either = AbortSignal.any([reached.signal, ...(signal ? [signal] : [])]);
  try {
    await train(config, { ...options, observer: watched, signal: either });
  } catch (error) {
    if (!(error instanceof InterruptedError && reached.signal.aborted)) throw error;
  }
}
