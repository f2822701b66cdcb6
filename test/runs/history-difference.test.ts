import { describe, expect, test } from "vitest";
import { compareHistories } from "../../src/runs/history-difference.ts";

const step = (n: number, more: Record<string, number> = {}) => ({ step: n, loss: 1 / n, lr: 0.1, ...more });

describe("two histories", () => {
  test("are equal whatever time and memory their steps took", () => {
    const slow = { seconds: 9, samples_per_s: 1, tokens_per_s: 10, rss_bytes: 2 ** 33 };
    const fast = { seconds: 1, samples_per_s: 9, tokens_per_s: 90, rss_bytes: 2 ** 30 };
    expect(compareHistories([step(1, slow), step(2, slow)], [step(1, fast), step(2, fast)])).toEqual({
      steps: 2,
      fields: ["step", "loss", "lr"],
      difference: null,
    });
  });

  test("differ from the first step on in which a field does, be it by one bit", () => {
    const next = 0.5 + Number.EPSILON / 2;
    const { steps, difference } = compareHistories(
      [step(1), step(2), step(3)],
      [step(1), { ...step(2), loss: next }, step(3, { lr: 7 })],
    );
    expect(steps).toBe(3);
    expect(difference).toEqual({ step: 2, field: "loss", before: 0.5, again: next });
  });

  test("differ in a field that one of them has alone", () => {
    expect(compareHistories([step(1, { eval_f1: 0.5 })], [step(1)])).toMatchObject({
      fields: ["step", "loss", "lr", "eval_f1"],
      difference: { step: 1, field: "eval_f1", before: 0.5 },
    });
    const { difference } = compareHistories([step(1)], [step(1, { eval_f1: 0.5 })]);
    expect(difference).toEqual({ step: 1, field: "eval_f1", again: 0.5 });
  });

  test("differ where the second ends too soon; what it has beyond the first is not looked at", () => {
    const { difference } = compareHistories([step(1), step(2)], [step(1)]);
    expect(difference).toEqual({ step: 2, field: "step", before: 2 });
    expect(compareHistories([step(1)], [step(1), step(2)])).toMatchObject({ steps: 1, difference: null });
  });

  test("are equal where both have a loss that is no number", () => {
    const broken = { step: 1, loss: null };
    expect(compareHistories([broken], [{ ...broken }]).difference).toBeNull();
    expect(compareHistories([broken], [step(1)]).difference).toMatchObject({ field: "loss", before: null, again: 1 });
  });
});
