import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { withProducts } from "../../src/engine/products.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { f32ToF16 } from "../../src/formats/half.ts";
import { formatOverflow, type Overflow } from "../../src/train/overflow-probe.ts";
import { trainAdapter } from "../../src/train/trained.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import type { Tensor } from "../../src/util/tensor.ts";
import { type Golden, loadGolden } from "../support/goldens.ts";

const ADAMW = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, max_grad_norm: 1, seed: 0 } as const;

let single: Golden;
let half: Golden;
beforeAll(async () => {
  [single, half] = [await loadGolden("tiny"), await loadGolden("tiny", "f16")];
});

/** Looks for what overflows in a step of a golden model of which one layer's weight is `value` throughout. */
async function probe(
  { model, lora, adapter, batch }: Golden,
  engine: Engine,
  { layer, value, loss_scale = null }: { layer?: string; value?: number; loss_scale?: number | null } = {},
): Promise<Overflow | null> {
  const weights: Record<string, Tensor> = { ...model.weights };
  if (layer !== undefined) {
    const { dtype, shape, data } = weights[`${layer}.weight`]!;
    const number = Float32Array.of(value!);
    const huge = dtype === "f16" ? data.slice().fill(f32ToF16(number)[0] as never) : data.slice().fill(value as never);
    weights[`${layer}.weight`] = { dtype, shape, data: huge } as Tensor;
  }
  const trainer = createTrainer(engine, model, trainAdapter({ weights }, lora, adapter), { ...ADAMW, loss_scale });
  return trainer.findOverflow([batch], 1);
}

const LAYERS = [
  "vision_tower.vision_model.encoder.layers.1.mlp.fc2",
  "language_model.model.layers.0.self_attn.v_proj",
  "language_model.model.layers.1.mlp.down_proj",
] as const;

describe("the first value that is not finite", () => {
  test.each(LAYERS)("is found in float32: the product of %s", async (layer) => {
    const overflow = await probe(single, ortEngine({ threads: 1 }), { layer, value: 3e38 });
    expect(overflow).toMatchObject({ op: "matmul", type: { dtype: "f32" }, pass: "forward", layer });
    expect(overflow!.inputs[1]! / 3e38).toBeCloseTo(1, 5);
  });

  test.each(LAYERS)("is found in half: the product of %s", async (layer) => {
    const overflow = await probe(half, withProducts(referenceEngine, "fp16"), { layer, value: 60_000 });
    expect(overflow).toMatchObject({ op: "matmul", type: { dtype: "f16" }, pass: "forward", layer });
    expect(overflow!.inputs[1]).toBe(60_000);
  });

  test("is in the backward pass where the loss's scale is too large for half", async () => {
    const overflow = await probe(half, withProducts(referenceEngine, "fp16"), { loss_scale: 2 ** 30 });
    expect(overflow).toMatchObject({ op: "cast", type: { dtype: "f16" }, pass: "backward" });
    expect(overflow!.layer).toBe("language_model.model.embed_tokens");
    expect(overflow!.inputs[0]).toBeGreaterThan(65_504);
  });

  test("does not exist in a step that is sound", async () => {
    expect(await probe(single, ortEngine({ threads: 1 }))).toBeNull();
    expect(await probe(half, withProducts(referenceEngine, "fp16"), { loss_scale: 1024 })).toBeNull();
  });

  test("can be read", () => {
    const overflow: Overflow = {
      op: "matmul",
      type: { dtype: "f32", shape: [2, 282, 1024] },
      pass: "forward",
      layer: "language_model.model.layers.3.mlp.down_proj",
      inputs: [812.345, 60_000],
    };
    expect(formatOverflow(overflow)).toBe(
      "matmul f32[2,282,1024], forward, language_model.model.layers.3.mlp.down_proj, inputs up to 812 and 6.0e+4",
    );
  });
});
