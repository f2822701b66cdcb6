import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { errorLimits, measureErrors } from "../docs/golden-errors.ts";
import { greedyAnswers } from "./golden-answers.ts";
import { GOLDENS, greedyIds, loadGolden } from "./goldens.ts";

/** Tests that an engine's device gives torch's numbers, within what docs/numerics.md allows, and transformers' answers. */
export function testGoldens(engine: Engine): void {
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
}
