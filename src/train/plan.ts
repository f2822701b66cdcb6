/** How many optimiser steps a run takes. */
export interface StepPlan {
  readonly stepsPerEpoch: number;
  readonly total: number;
}

export interface StepPlanConfig {
  readonly batch: number;
  readonly accumulate: number;
  readonly epochs: number | null;
  readonly max_steps: number | null;
}

/** Steps of a whole run; null where nothing tells, for they follow from rows that nobody has counted. */
export function plannedSteps(rows: number | null, config: StepPlanConfig): number | null {
  return rows === null ? config.max_steps : planSteps(rows, config).total;
}

/** The last step of an epoch takes the rows that are left; `max_steps` goes before `epochs`, which may be a fraction. */
export function planSteps(rows: number, { batch, accumulate, epochs, max_steps }: StepPlanConfig): StepPlan {
  const stepsPerEpoch = Math.ceil(rows / (batch * accumulate));
  return { stepsPerEpoch, total: max_steps ?? Math.max(1, Math.round(epochs! * stepsPerEpoch)) };
}
