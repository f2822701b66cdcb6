import { findCheckpoint, loadCheckpoint } from "../../runs/checkpoints.ts";
import type { RunFolder } from "../../runs/folder.ts";
import { clearOutcome, writeOutcome } from "../../runs/outcome.ts";
import type { TrainingProgress } from "../../train/state.ts";
import { InterruptedError } from "../../util/errors.ts";
import { type Follower, type TrainingJob, type TrainResult, takeSteps } from "../training-loop.ts";
import { loadReader } from "./machine-load.ts";
import { openSinks } from "./open-sinks.ts";
import { rowShower } from "./shown-rows.ts";
import type { Best, Sink } from "./sink.ts";

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
  const note = (text: string) => {
    job.observer?.note?.(text);
    for (const sink of sinks) sink.note?.(text);
  };
  let step = start.step;
  const follower = followWith(sinks, job, (taken) => (step = taken));
  const load = loadReader();
  const timer = setInterval(() => {
    const now = load();
    for (const sink of sinks) sink.machine?.(now);
  }, 1000 * MACHINE_SECONDS);
  timer.unref();
  try {
    const result = await takeSteps({ ...job, observer: { ...job.observer, note }, signal }, run, start, follower);
    await writeOutcome(run, { outcome: "finished", step: result.steps });
    await finish(sinks, 0, () => readBest(run, result));
    return result;
  } catch (error) {
    const isStop = error instanceof InterruptedError;
    const outcome = { outcome: isStop ? "stopped" : "failed", step, reason: (error as Error).message } as const;
    const tell = (fault: Error) => note(`how training ended is not written down: ${fault.message}`);
    await writeOutcome(run, outcome).catch(tell); // what ended training is the error to see
    await finish(sinks, isStop ? INTERRUPTED : 1, async () => null).catch(tell);
    throw error;
  } finally {
    clearInterval(timer);
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

async function finish(sinks: readonly Sink[], exitCode: number, readBest: () => Promise<Best | null>): Promise<void> {
  if (sinks.length === 0) return;
  const best = await readBest();
  for (const sink of sinks) await sink.finish({ exitCode, best });
}

async function readBest(run: RunFolder, { best, steps }: TrainResult): Promise<Best | null> {
  if (!findCheckpoint(run.best)) return null;
  return { step: best?.step ?? steps, value: best?.value, files: await loadCheckpoint(run.best) };
}
