import { join } from "node:path";
import { expect, test } from "vitest";
import type { Config } from "../../src/config/schema.ts";
import { type Evaluation, openAnswers } from "../../src/recipes/answers.ts";
import { loadBase } from "../../src/recipes/base.ts";
import { startTuned } from "../../src/recipes/tuned.ts";
import { viewByInput } from "../../src/train/layout.ts";
import { tinyConfig } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const ADAPTER = join(import.meta.dirname, "..", "goldens", "training", "adapter-end");

/** Answers of a trained adapter to the nine shipped validation rows. */
async function answer(split: string, ...sets: readonly string[]): Promise<Evaluation> {
  const config: Config = tinyConfig(folder, `lora.init_adapter=${ADAPTER}`, ...sets);
  const base = await loadBase(config);
  const trained = await startTuned(config, base);
  const answers = await openAnswers(split, config, base, trained);
  try {
    return await answers.evaluate(viewByInput(trained.layout, trained.values));
  } finally {
    await answers.release();
  }
}

test("do not depend on how many rows are answered at a time, nor on dropout", async () => {
  const { predictions } = await answer("val", "eval.batch=1");
  expect(new Set(predictions.map(({ prediction }) => prediction)).size, "different answers").toBeGreaterThan(1);
  for (const setting of ["eval.batch=3", "eval.batch=8", "train.batch=5", "lora.dropout=0.5"]) {
    expect((await answer("val", setting)).predictions, setting).toEqual(predictions);
  }
});

test("are to the rows of a split in order, at most eval.max_rows", async () => {
  const { predictions } = await answer("val", "eval.max_rows=3", "eval.max_new_tokens=2");
  expect(predictions.map(({ index }) => index)).toEqual([0, 1, 2]);
});
