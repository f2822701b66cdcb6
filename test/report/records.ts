import type { AnsweredRow, RunRecord } from "../../src/report/run-record.ts";

/** A row of an entity with an answer and the truth; its place is its index. */
export const row = (index: number, prediction: string, truth: string, entity = "item_weight"): AnsweredRow => ({
  ...{ index: String(index), entity, prediction, truth, question: `What is the ${entity}?`, link: null, image: null },
});

export function record(name: string, rows: readonly AnsweredRow[] | null, more: Partial<RunRecord> = {}): RunRecord {
  const points = [1, 2, 3].map((step) => ({ step, samples: 4 * step, seconds: step, loss: 4 / step }));
  return {
    name,
    path: `experiments/${name}`,
    settings: { "train.lr": "0.01", "run.name": name },
    curve: { raw: points, smooth: points },
    totals: {
      ...{ steps: 3, last_step: 3, last_mean_loss: 1.5, broken_losses: 0, seconds: 3, samples: 12 },
      ...{ samples_per_s: 4, tokens_per_s: 100, peak_memory_bytes: 2 ** 30 },
    },
    plannedSteps: 3,
    trainingRows: 28,
    trainingValues: null,
    rows,
    ...more,
  };
}
