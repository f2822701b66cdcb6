import { findCheckpoint } from "../../runs/checkpoints.ts";
import type { RunFolder } from "../../runs/folder.ts";
import { clearOutcome, writeOutcome } from "../../runs/outcome.ts";
import type { TrainingProgress } from "../../train/state.ts";
import { InterruptedError } from "../../util/errors.ts";
import { type Follower, type TrainingJob, type TrainResult, takeSteps } from "../training-loop.ts";
import { loadReader } from "./machine-load.ts";
import { openSinks } from "./open-sinks.ts";
import { printing } from "./printed-lines.ts";
import { rowShower } from "./shown-rows.ts";
import type { Best, Ending, Sink } from "./sink.ts";

/** Seconds between two readings of what the machine does. */
const MACHINE_SECONDS = 15;
/** As a shell says that a program was interrupted. */
const INTERRUPTED = 130;

/**
 * Training with all that the configuration wants to be told of it, from `start` to its end: sinks open before the first step
 * and close after the last, however it ends; the run's folder says how it did.
 * @throws what {@link takeSteps} throws, InputError when a sink cannot be opened
 */
export async function takeFollowedSteps(
  job: TrainingJob,
  run: RunFolder,
  start: TrainingProgress,
): Promise<TrainResult> {
  await clearOutcome(run);
  const stop = new AbortController();
  const sinks = await openSinks(job, run, start.step, () => stop.abort());
  const signal = AbortSignal.any([stop.signal, ...(job.signal ? [job.signal] : [])]);
  const print = (text: string, stream?: "stderr") => {
    for (const sink of sinks) sink.print?.(text, stream);
  };
  const observer = printing(job.observer, print);
  const tell = (what: string) => (fault: Error) => observer.note?.(`${what}: ${fault.message}`);
  let step = start.step;
  const follower = followWith(sinks, job, (taken) => (step = taken));
  const load = loadReader();
  const timer = setInterval(() => {
    const now = load();
    for (const sink of sinks) sink.machine?.(now);
  }, 1000 * MACHINE_SECONDS);
  timer.unref();
  let ending: Ending = { exitCode: 1, best: null };
  try {
    const result = await takeSteps({ ...job, observer, signal }, run, start, follower);
    await writeOutcome(run, { outcome: "finished", step: result.steps });
    ending = { exitCode: 0, best: bestOf(run, result) };
    return result;
  } catch (error) {
    const { message } = error as Error;
    const isStop = error instanceof InterruptedError;
    const outcome = { outcome: isStop ? "stopped" : "failed", step, reason: message } as const;
    await writeOutcome(run, outcome).catch(tell("how training ended is not written down")); // the error is the one to see
    print(message, "stderr");
    ending = { exitCode: isStop ? INTERRUPTED : 1, best: null };
    throw error;
  } finally {
    clearInterval(timer);
    // How training ended is written: a follower that cannot end does not change it.
    for (const sink of sinks)
      await sink.finish(ending).catch(tell(`${run.path}: what follows the run has not ended well`));
  }
}

function followWith(sinks: readonly Sink[], { answers, config }: TrainingJob, taken: (step: number) => void): Follower {
  const show = answers && rowShower(answers.samples, config.data.prompt, config.track.wandb.predictions);
  return {
    async step(record, evaluation) {
      taken(record.step);
      if (sinks.length === 0) return;
      const rows = evaluation && show ? await show(evaluation.predictions) : [];
      for (const sink of sinks) sink.step(record, evaluation && { score: evaluation.score, rows });
    },
  };
}

function bestOf(run: RunFolder, { best, steps }: TrainResult): Best | null {
  if (!findCheckpoint(run.best)) return null;
  return { step: best?.step ?? steps, value: best?.value, folder: run.best };
}
