import fc from "fast-check";
import { expect, test } from "vitest";
import { plannedSteps, planSteps } from "../../src/train/plan.ts";

test.each([
  ["whole epochs", 16, { batch: 2, accumulate: 2, epochs: 6, max_steps: null }, 4, 24],
  ["a last step with fewer rows", 17, { batch: 2, accumulate: 2, epochs: 2, max_steps: null }, 5, 10],
  ["half an epoch", 16, { batch: 2, accumulate: 2, epochs: 0.5, max_steps: null }, 4, 2],
  ["next to nothing, which is one step", 16, { batch: 2, accumulate: 2, epochs: 0.001, max_steps: null }, 4, 1],
  ["max_steps before epochs", 16, { batch: 2, accumulate: 2, epochs: 6, max_steps: 7 }, 4, 7],
  ["max_steps alone", 3, { batch: 8, accumulate: 1, epochs: null, max_steps: 5 }, 1, 5],
] as const)("%s", (_, rows, config, stepsPerEpoch, total) => {
  expect(planSteps(rows, config)).toEqual({ stepsPerEpoch, total });
});

test("without a number of rows only max_steps tells how many steps there are", () => {
  const config = { batch: 2, accumulate: 2, epochs: 6, max_steps: null };
  expect(plannedSteps(16, config)).toBe(24);
  expect(plannedSteps(null, config)).toBeNull();
  expect(plannedSteps(null, { ...config, max_steps: 7 })).toBe(7);
});

test("an epoch's steps hold all rows, and none is empty", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 64 }),
      (rows, batch, accumulate) => {
        const { stepsPerEpoch } = planSteps(rows, { batch, accumulate, epochs: 1, max_steps: null });
        expect(stepsPerEpoch * batch * accumulate).toBeGreaterThanOrEqual(rows);
        expect((stepsPerEpoch - 1) * batch * accumulate).toBeLessThan(rows);
      },
    ),
  );
});
