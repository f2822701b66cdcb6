import type { PredictionRow, RunRow, Series } from "../../../src/web/api.ts";

export function runRow(name: string, parts: Partial<RunRow> = {}): RunRow {
  return {
    name,
    state: "finished",
    fault: null,
    started: "2026-11-25T10:00:00Z",
    step: 10,
    plannedSteps: 10,
    settings: {},
    metrics: {},
    scores: {},
    splits: [],
    stamps: {},
    isIndexed: true,
    ...parts,
  };
}

/** A series in which each stretch is one step, from 1 on. */
export function exactSeries(run: string, values: readonly (number | null)[], first = 1): Series {
  const x = values.map((_, i) => first + i);
  return { run, x, mean: values, min: values, max: values, isExact: true, brokenLines: 0 };
}

export function predictionRow(index: number, parts: Partial<PredictionRow> = {}): PredictionRow {
  return {
    index: String(index),
    entity: "item_weight",
    question: "What is the item_weight?",
    truth: "34 gram",
    answer: "34 gram",
    confidence: null,
    outcome: "tp",
    hasImage: false,
    ...parts,
  };
}
