import { type Options, SingleBar } from "cli-progress";
import { monotonicSeconds } from "../util/clock.ts";

/** Where a long job stands. */
export interface ProgressStep {
  readonly done: number;
  readonly total: number;
  readonly loss?: number;
  /** Samples a second. */
  readonly rate?: number;
}

export interface Progress {
  step(step: ProgressStep): void;
  /** A line of text that stays. */
  note(text: string): void;
  stop(): void;
}

type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean };
const SECONDS_BETWEEN_LINES = 5;

/** A bar on a terminal; elsewhere (a file, a CI log) a plain line every tenth of the way or every few seconds. */
export function showProgress(stream: Terminal = process.stderr, now = monotonicSeconds): Progress {
  return stream.isTTY ? progressBar(stream, now) : progressLines(stream, now);
}

function progressBar(stream: Terminal, now: () => number): Progress {
  const options: Options = { stream, format: "{bar} {text}", barsize: 24, hideCursor: true, gracefulExit: false };
  const bar = new SingleBar({ ...options, barCompleteChar: "━", barIncompleteChar: "╌", linewrap: false });
  const timeLeft = timeLeftBy(now);
  let started = false;
  return {
    step(step) {
      const text = describeStep(step, timeLeft(step));
      if (!started) bar.start(step.total, step.done, { text });
      else bar.update(step.done, { text });
      started = true;
    },
    note(text) {
      stream.write(started ? `\r\u001b[K${text}\n` : `${text}\n`); // wipes the bar; its next update draws it anew
    },
    stop() {
      if (started) bar.stop();
      started = false;
    },
  };
}

function progressLines(stream: Terminal, now: () => number): Progress {
  const timeLeft = timeLeftBy(now);
  let last: { done: number; time: number } | undefined;
  return {
    step(step) {
      const left = timeLeft(step);
      const due =
        last === undefined ||
        step.done === step.total ||
        step.done - last.done >= step.total / 10 ||
        now() - last.time >= SECONDS_BETWEEN_LINES;
      if (!due) return;
      stream.write(`${describeStep(step, left)}\n`);
      last = { done: step.done, time: now() };
    },
    note: (text) => void stream.write(`${text}\n`),
    stop: () => {},
  };
}

function describeStep({ done, total, loss, rate }: ProgressStep, left: number | undefined): string {
  const parts = [`${done}/${total}`];
  if (loss !== undefined) parts.push(`loss ${loss.toFixed(4)}`);
  if (rate !== undefined) parts.push(`${rate.toPrecision(3)} samples/s`);
  if (left !== undefined && done < total) parts.push(`${formatDuration(left)} left`);
  return parts.join("  ");
}

/** Seconds to the end at the mean speed since the first step seen: a resumed job starts in the middle. */
function timeLeftBy(now: () => number): (step: ProgressStep) => number | undefined {
  let first: { done: number; time: number } | undefined;
  return ({ done, total }) => {
    first ??= { done, time: now() };
    const moved = done - first.done;
    return moved > 0 ? ((now() - first.time) / moved) * (total - done) : undefined;
  };
}

/** `1 h 12 min`, `3 min 20 s`, `45 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}
