import { expect, test } from "vitest";
import { adjustLossScale, canHalve, type LossScale, startLossScale } from "../../src/train/loss-scale.ts";

test.each([
  ["auto", true, 65_536],
  ["auto", false, undefined],
  [1024, false, 1024],
  [null, true, undefined],
] as const)("%s with products in half: %s starts at %s", (loss_scale, inHalf, scale) => {
  expect(startLossScale({ loss_scale }, inHalf)?.scale).toBe(scale);
});

// By hand, after torch.amp.GradScaler with init_scale 8 and growth_interval 3.
test("the scale doubles after an interval without overflow, and each overflow halves it and starts the interval anew", () => {
  const state = startLossScale({ loss_scale: 8 }, true)!;
  const scales = [true, true, false, true, true, true, true, false, false, true].map((finite) => {
    adjustLossScale(state, finite, { loss_scale_growth_interval: 3 });
    return state.scale;
  });
  expect(scales).toEqual([8, 8, 4, 4, 4, 8, 8, 4, 2, 2]);
  expect(state).toEqual({ scale: 2, good_steps: 1, skipped_steps: 3 });
});

test("a scale is not halved to less than 1", () => {
  const at = (scale: number): LossScale => ({ scale, good_steps: 0, skipped_steps: 0 });
  expect([4, 2, 1.5, 1].map((scale) => canHalve(at(scale)))).toEqual([true, true, false, false]);
});
