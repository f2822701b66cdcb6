import { expect, test } from "vitest";
import { learningRate, type ScheduleConfig } from "../../src/train/schedule.ts";

const rates = (total: number, config: ScheduleConfig) =>
  Array.from({ length: total }, (_, i) => Number(learningRate(i + 1, total, config).toFixed(6)));

// By hand, after transformers' get_{linear,cosine,constant}_schedule_with_warmup.
test.each([
  ["linear", [0, 0.5, 1, 0.75, 0.5, 0.25]],
  ["cosine", [0, 0.5, 1, 0.853553, 0.5, 0.146447]],
  ["constant", [0, 0.5, 1, 1, 1, 1]],
] as const)("%s, after a warm-up of two steps from 0", (schedule, expected) => {
  expect(rates(6, { lr: 1, schedule, warmup_steps: 2 })).toEqual(expected);
});

test("without a warm-up the first step has the full rate", () => {
  expect(rates(2, { lr: 3e-4, schedule: "linear", warmup_steps: 0 })).toEqual([3e-4, 1.5e-4]);
});

test("a run shorter than its warm-up is all warm-up, and no rate is ever negative or NaN", () => {
  expect(rates(2, { lr: 1, schedule: "cosine", warmup_steps: 4 })).toEqual([0, 0.25]);
  for (const schedule of ["linear", "cosine", "constant"] as const) {
    for (const step of [1, 2, 3, 100])
      expect(learningRate(step, 2, { lr: 1, schedule, warmup_steps: 2 })).toBeGreaterThanOrEqual(0);
  }
});

test("a held rate stays at its peak for a share of the steps after the warm-up, then falls over the rest", () => {
  const config = { lr: 1, schedule: "cosine", warmup_steps: 2 } as const;
  expect(rates(10, { ...config, hold: 0.5 })).toEqual([0, 0.5, 1, 1, 1, 1, 1, 0.853553, 0.5, 0.146447]);
  expect(rates(6, { ...config, hold: 0 })).toEqual(rates(6, config));
  expect(rates(4, { ...config, hold: 1 })).toEqual([0, 0.5, 1, 1]);
});
