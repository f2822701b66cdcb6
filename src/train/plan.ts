/** How many optimiser steps a run takes. */
export interface StepPlan {
  /** Rows of one optimiser step. */
  readonly rowsPerStep: number;
  readonly stepsPerEpoch: number;
  readonly total: number;
}

export interface StepPlanConfig {
  readonly batch: number;
  readonly accumulate: number;
  readonly epochs: number | null;
  readonly max_steps: number | null;
}

/** The last step of an epoch takes the rows that are left; `max_steps` goes before `epochs`, which may be a fraction. */
export function planSteps(rows: number, { batch, accumulate, epochs, max_steps }: StepPlanConfig): StepPlan {
  const rowsPerStep = batch * accumulate;
  const stepsPerEpoch = Math.ceil(rows / rowsPerStep);
  return { rowsPerStep, stepsPerEpoch, total: max_steps ?? Math.max(1, Math.round(epochs! * stepsPerEpoch)) };
}

/** Epoch, from 0, and row numbers of a step, from 1, in the epoch's order. */
export function placeOfStep(
  step: number,
  rows: number,
  { rowsPerStep, stepsPerEpoch }: StepPlan,
): { epoch: number; start: number; end: number } {
  const epoch = Math.floor((step - 1) / stepsPerEpoch);
  const start = ((step - 1) % stepsPerEpoch) * rowsPerStep;
  return { epoch, start, end: Math.min(rows, start + rowsPerStep) };
}
