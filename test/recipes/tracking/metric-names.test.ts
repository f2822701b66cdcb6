import { expect, test } from "vitest";
import { scoreRows } from "../../../src/challenge/score.ts";
import { metricsOf } from "../../../src/recipes/tracking/metric-names.ts";

test("numbers of a step are grouped as train, those of an evaluation as eval, and the step is the axis", () => {
  const record = { step: 3, epoch: 1, loss: 0.5, grad_norm: 2, lr: 1e-3, eval_f1: 0.6 };
  expect(metricsOf(record, null)).toEqual({
    epoch: 1,
    "train/loss": 0.5,
    "train/grad_norm": 2,
    "train/lr": 1e-3,
    "eval/f1": 0.6,
  });
});

test("a loss that is no number stays one", () => {
  expect(metricsOf({ step: 1, loss: null }, null)).toEqual({ "train/loss": Number.NaN });
});

test("an evaluation gives F1, precision and recall of each entity", () => {
  const score = scoreRows([
    { entity: "item_weight", prediction: "1 gram", truth: "1 gram" },
    { entity: "voltage", prediction: "1 volt", truth: "2 volt" },
  ]);
  expect(metricsOf({ step: 1, loss: 1 }, score)).toMatchObject({
    "eval/f1/item_weight": 1,
    "eval/precision/item_weight": 1,
    "eval/recall/item_weight": 1,
    "eval/f1/voltage": 0,
  });
});
