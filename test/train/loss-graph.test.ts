import { beforeAll, describe, expect, test } from "vitest";
import { planLifetimes } from "../../src/engine/lifetimes.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { batchShape } from "../../src/train/feeds.ts";
import { lossGraph } from "../../src/train/loss-graph.ts";
import { trainAdapter } from "../../src/train/trained.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import { type Golden, loadGolden } from "../support/goldens.ts";

const ADAMW = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, max_grad_norm: 1, seed: 0 } as const;

let golden: Golden;
beforeAll(async () => {
  golden = await loadGolden("tiny");
});

describe("with recompute", () => {
  const graph = (recompute: boolean) =>
    lossGraph(golden.model.config, batchShape(golden.batch, golden.model.config), "f32", golden.lora, { recompute });

  test("less is alive at once, and more is computed", () => {
    const [plain, recomputing] = [graph(false), graph(true)];
    expect(planLifetimes(recomputing).peakBytes).toBeLessThan(0.75 * planLifetimes(plain).peakBytes);
    expect(recomputing.nodes.length).toBeGreaterThan(plain.nodes.length);
  });

  test("the loss and every gradient are the same", async () => {
    const steps = (["keep", "recompute"] as const).map(async (residuals) => {
      const { model, lora, adapter, batch } = golden;
      const trainer = createTrainer(referenceEngine, model, trainAdapter(model, lora, adapter), {
        ...ADAMW,
        residuals,
      });
      const { loss } = await trainer.differentiate([batch], 1);
      return { loss, gradient: trainer.gradient };
    });
    const [plain, recomputing] = await Promise.all(steps);
    expect(recomputing).toEqual(plain);
  });
});
