import { formatProfile } from "../../report/profile-table.ts";
import type { Observer } from "../observer.ts";

/** Lines that tell of a run's steps, at most: a log sends and keeps each of them. */
const STEP_LINES = 100;

/**
 * An observer that gives what it is told to `print`, too, as lines for a log. The steps are told as where there is no terminal,
 * whose bar is no line.
 */
export function printing(observer: Observer | undefined, print: (lines: string) => void): Observer {
  let printed = Number.NEGATIVE_INFINITY;
  return {
    ...observer,
    note(text) {
      observer?.note?.(text);
      print(text);
    },
    step(record, total) {
      observer?.step?.(record, total);
      const { step, loss, samples_per_s } = record;
      if (step < total && step - printed < total / STEP_LINES) return;
      printed = step;
      const rate = typeof samples_per_s === "number" ? `  ${samples_per_s.toPrecision(3)} samples/s` : "";
      print(`${step}/${total} steps  loss ${loss?.toFixed(4) ?? "is no number"}${rate}`);
    },
    evaluated(split, score) {
      observer?.evaluated?.(split, score);
      print(`${split}: F1 ${score.f1.toFixed(4)}, ${score.tp} of ${score.rows} right`);
    },
    profiled(profile) {
      observer?.profiled?.(profile);
      print(formatProfile(profile));
    },
  };
}
