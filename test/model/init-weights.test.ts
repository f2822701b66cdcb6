import { describe, expect, test } from "vitest";
import { initWeight } from "../../src/model/init-weights.ts";
import { random } from "../../src/util/random.ts";

const VISION = "vision_tower.vision_model";
const LAYER = `${VISION}.encoder.layers.0`;
const draw = (name: string, shape: readonly number[], range = 0.02) =>
  initWeight({ name, shape }, random(0, name), range);
const deviation = (numbers: Float32Array) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length);

describe("weights start as transformers starts them", () => {
  test.each([
    ["Gemma's matrices: the range", "language_model.model.layers.0.mlp.up_proj.weight", [200, 300], 0.02],
    ["its embeddings too", "language_model.model.embed_tokens.weight", [500, 100], 0.02],
    ["the projector too", "multi_modal_projector.linear.weight", [200, 300], 0.02],
    ["SigLIP's attention: √(2 / (in + out))", `${LAYER}.self_attn.q_proj.weight`, [200, 200], Math.sqrt(2 / 400)],
    ["its MLP likewise", `${LAYER}.mlp.fc1.weight`, [300, 100], Math.sqrt(2 / 400)],
    [
      "its patches: 1 / √(3·14·14)",
      `${VISION}.embeddings.patch_embedding.weight`,
      [100, 3, 14, 14],
      1 / Math.sqrt(588),
    ],
    ["its positions: 1 / √width", `${VISION}.embeddings.position_embedding.weight`, [256, 400], 0.05],
    ["biases of its MLP: nearly 0", `${LAYER}.mlp.fc2.bias`, [20_000], 1e-6],
  ])("%s", (_, name, shape, expected) => {
    expect(deviation(draw(name, shape)) / expected).toBeCloseTo(1, 1);
  });

  test.each([
    ["Gemma's norms, which are stored as distances from 1", "language_model.model.norm.weight", 0],
    ["a layer's norm of hers", "language_model.model.layers.1.input_layernorm.weight", 0],
    ["SigLIP's norms", `${LAYER}.layer_norm1.weight`, 1],
    ["its last norm", `${VISION}.post_layernorm.weight`, 1],
    ["their biases", `${LAYER}.layer_norm1.bias`, 0],
    ["biases of attention", `${LAYER}.self_attn.k_proj.bias`, 0],
    ["the projector's bias", "multi_modal_projector.linear.bias", 0],
  ])("%s: a constant", (_, name, value) => {
    expect(draw(name, [5])).toEqual(new Float32Array(5).fill(value));
  });
});

test("another range spreads Gemma's matrices, and not SigLIP's", () => {
  expect(deviation(draw("language_model.model.layers.0.mlp.up_proj.weight", [200, 300], 0.06))).toBeCloseTo(0.06, 2);
  const name = `${LAYER}.mlp.fc1.weight`;
  expect(draw(name, [30, 10], 0.06)).toEqual(draw(name, [30, 10]));
});
