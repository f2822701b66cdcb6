import { beforeEach, describe, expect, test } from "vitest";
import { checkOps } from "../../../src/engine/check-ops.ts";
import { createEngine } from "../../../src/engine/create.ts";
import { ortEngine } from "../../../src/engine/ort/ort.ts";
import { errorLimits, measureErrors } from "../../docs/golden-errors.ts";
import { greedyAnswers } from "../../support/golden-answers.ts";
import { GOLDENS, greedyIds, loadGolden } from "../../support/goldens.ts";

const CUDA = { name: "ort", backend: "auto", products: "fp32", providers: ["cuda", "cpu"], threads: null } as const;

const reason = await createEngine(CUDA).then(
  () => null,
  (error: Error) => error.message,
);
beforeEach(({ skip }) => {
  if (reason) skip(reason);
});

const engine = ortEngine(CUDA);

test("every sample of every op is as near to its float64 definition as the op's record wants", async () => {
  const failed = [];
  for await (const check of checkOps(engine)) if (!check.passed) failed.push(check);
  expect(failed).toEqual([]);
});

describe.each(GOLDENS)("%s", (name) => {
  test("logits, loss, gradients and six AdamW steps are within the limits of docs/numerics.md", async () => {
    const errors = await measureErrors(engine, await loadGolden(name));
    for (const [quantity, limit] of errorLimits()) {
      expect(errors[quantity], quantity).toBeLessThanOrEqual(Math.min(limit, 1e-2));
    }
  });

  test("greedy answers are the ids of transformers", async () => {
    const golden = await loadGolden(name);
    const answers = await greedyAnswers(engine, golden);
    expect(answers).toEqual([0, 1, 2].map((row) => greedyIds(golden, row)));
  });
});
