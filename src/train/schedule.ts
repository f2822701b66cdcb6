export interface ScheduleConfig {
  readonly lr: number;
  readonly schedule: "cosine" | "linear" | "constant";
  readonly warmup_steps: number;
  /** Share of the steps after the warm-up at the peak rate, before it falls. */
  readonly hold?: number;
}

/** Share of the peak rate after the warm-up; `progress` runs from 0 to 1. */
const SHAPES = {
  cosine: (progress: number) => 0.5 * (1 + Math.cos(Math.PI * progress)),
  linear: (progress: number) => 1 - progress,
  constant: () => 1,
} as const;

/**
 * Learning rate of optimiser step `step` (from 1) of `total`: a linear warm-up from 0, the peak held, then the schedule's
 * shape down to the end. The first step of a warm-up has rate 0, as in transformers' schedules.
 */
export function learningRate(
  step: number,
  total: number,
  { lr, schedule, warmup_steps, hold = 0 }: ScheduleConfig,
): number {
  const done = step - 1;
  if (done < warmup_steps) return (lr * done) / warmup_steps;
  const held = warmup_steps + Math.floor(hold * (total - warmup_steps));
  if (done < held) return lr;
  const progress = (done - held) / Math.max(1, total - held);
  return lr * SHAPES[schedule](Math.min(1, progress));
}
