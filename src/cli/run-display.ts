import type { Observer } from "../recipes/observer.ts";
import { formatProfile } from "../report/profile-table.ts";
import { showProgress } from "./progress.ts";

/** Draws what a run tells, on standard error. */
export function showRun(): { readonly observer: Required<Observer>; stop(): void } {
  const progress = showProgress();
  const observer: Required<Observer> = {
    note: (text) => progress.note(text),
    within: (done, total) => progress.step({ unit: "steps", done, total }),
    step: ({ step, loss, samples_per_s }, total) =>
      progress.step({
        unit: "steps",
        done: step,
        total,
        ...(loss !== null && { loss }),
        ...(typeof samples_per_s === "number" && { rate: samples_per_s }),
      }),
    answered: (done, total, f1) => progress.step({ unit: "rows", done, total, ...(f1 !== undefined && { f1 }) }),
    read: (done, total) => progress.step({ unit: "MB", done: toMegabytes(done), total: toMegabytes(total) }),
    downloaded: ({ done, total, bytes, failed }) =>
      progress.step({ unit: "images", done, total, bytes, ...(failed > 0 && { failed }) }),
    drawn: (done, total) => progress.step({ unit: "images", done, total }),
    profiled: (profile) => progress.note(formatProfile(profile)),
    evaluated: (split, { f1, tp, rows }) => progress.note(`${split}: F1 ${f1.toFixed(4)}, ${tp} of ${rows} right`),
  };
  return { observer, stop: () => progress.stop() };
}

const toMegabytes = (bytes: number) => Math.max(1, Math.round(bytes / 1e6));
