import type { Options } from "cli-progress";
import { monotonicSeconds } from "../util/clock.ts";
import { SingleBar } from "./libraries.ts";

/** Where a long job stands. */
export interface ProgressStep {
  /** What is counted: training steps, rows answered, images fetched, megabytes read. A job that counts anew is a new one. */
  readonly unit: "steps" | "rows" | "images" | "MB" | "MB fetched";
  readonly done: number;
  readonly total: number;
  readonly loss?: number;
  /** F1 of the rows so far. */
  readonly f1?: number;
  /** Samples a second. */
  readonly rate?: number;
  /** Fetched so far. */
  readonly bytes?: number;
  /** How many of them failed. */
  readonly failed?: number;
}

export interface Progress {
  step(step: ProgressStep): void;
  /** A line of text that stays. */
  note(text: string): void;
  stop(): void;
}

type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean };
const SECONDS_BETWEEN_LINES = 5;
/** Within a step that takes minutes. */
const SECONDS_BETWEEN_FRACTIONS = 30;

/** A bar on a terminal; elsewhere (a file, a CI log) plain lines: a tenth of the steps apart, or every few seconds. */
export function showProgress(stream: Terminal = process.stderr, now = monotonicSeconds): Progress {
  return stream.isTTY ? progressBar(stream, now) : progressLines(stream, now);
}

/**
 * No setting of the terminal is changed (long lines are cut instead of not wrapped, the cursor stays), so that none has to
 * be put back by a process that is killed.
 */
function progressBar(stream: Terminal, now: () => number): Progress {
  const options: Options = { stream, format: "{bar} {text}", barsize: 12, linewrap: true, clearOnComplete: true };
  const bar = new SingleBar({ ...options, barCompleteChar: "━", barIncompleteChar: "╌" });
  const jobOf = followJobs(now);
  return {
    step(step) {
      const text = describeStep(step, jobOf(step), now());
      if (bar.isActive && bar.getTotal() !== step.total) bar.stop(); // rows are answered between steps
      if (bar.isActive) bar.update(step.done, { text });
      else bar.start(step.total, step.done, { text });
    },
    note(text) {
      bar.stop(); // wipes it; the next step draws it anew
      stream.write(`${text}\n`);
    },
    stop: () => bar.stop(),
  };
}

function progressLines(stream: Terminal, now: () => number): Progress {
  const jobOf = followJobs(now);
  const isDue = ({ unit, done, total }: ProgressStep, { printed, first }: Job) => {
    const waited = now() - (printed ?? first).time;
    if (!Number.isInteger(done)) return waited >= SECONDS_BETWEEN_FRACTIONS;
    if (waited >= SECONDS_BETWEEN_LINES) return true;
    return unit === "steps" && (!printed || done === total || done - printed.done >= total / 10);
  };
  return {
    step(step) {
      const job = jobOf(step);
      if (!isDue(step, job)) return;
      stream.write(`${describeStep(step, job, now())}\n`);
      job.printed = { done: step.done, time: now() };
    },
    note: (text) => void stream.write(`${text}\n`),
    stop: () => {},
  };
}

/** What of a unit is told by the second. */
const FETCHED: { readonly [unit in ProgressStep["unit"]]?: string } = {
  rows: "rows",
  images: "images",
  "MB fetched": "MB",
};

function describeStep(step: ProgressStep, job: Job, now: number): string {
  const { unit, done, total, loss, f1, rate, bytes, failed } = step;
  const left = timeLeft(step, job, now);
  const parts = [`${Number.isInteger(done) ? done : done.toFixed(2)}/${total} ${unit}`];
  if (loss !== undefined) parts.push(`loss ${loss.toFixed(4)}`);
  if (f1 !== undefined) parts.push(`F1 ${f1.toFixed(4)}`);
  if (rate !== undefined) parts.push(`${formatRate(rate)} samples/s`);
  const fetched = FETCHED[unit];
  if (fetched !== undefined && now > job.first.time) {
    parts.push(`${formatRate((done - job.first.done) / (now - job.first.time))} ${fetched}/s`);
  }
  if (bytes !== undefined) parts.push(`${(bytes / 1e6).toFixed(1)} MB`);
  if (failed !== undefined) parts.push(`${failed} failed`);
  if (left !== undefined && done < total) parts.push(`${formatDuration(left)} left`);
  return parts.join("  ");
}

const formatRate = (rate: number) => (rate < 100 ? rate.toPrecision(3) : String(Math.round(rate)));

interface Moment {
  readonly done: number;
  /** Seconds. */
  readonly time: number;
}

interface Job {
  /** The first step seen: a resumed job starts in the middle. */
  readonly first: Moment;
  done: number;
  printed?: Moment;
}

/** Jobs take turns: training goes on after the rows of an evaluation were answered. */
function followJobs(now: () => number): (step: ProgressStep) => Job {
  const jobs = new Map<string, Job>();
  return ({ unit, done }) => {
    const before = jobs.get(unit);
    const job = before && done >= before.done ? before : { first: { done, time: now() }, done };
    job.done = done;
    jobs.set(unit, job);
    return job;
  };
}

/** Seconds to the end at the mean speed so far; undefined while there is none. */
function timeLeft({ done, total }: ProgressStep, { first }: Job, now: number): number | undefined {
  const moved = done - first.done;
  return moved > 0 ? ((now - first.time) / moved) * (total - done) : undefined;
}

/** `1 h 12 min`, `3 min 20 s`, `45 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}
