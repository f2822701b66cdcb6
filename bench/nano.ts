import type { Engine } from "../src/engine/engine.ts";
import { ortEngine } from "../src/engine/ort/ort.ts";
import type { PaliGemmaConfig } from "../src/model/config.ts";
import { initAdapter, type LoraBinding, loraModules } from "../src/model/lora.ts";
import type { Model } from "../src/model/model.ts";
import { paligemmaParameters } from "../src/model/paligemma.ts";
import type { TrainingBatch } from "../src/train/feeds.ts";
import { trainAdapter } from "../src/train/trained.ts";
import { createTrainer, type Trainer } from "../src/train/trainer.ts";
import { random } from "../src/util/random.ts";
import { configOf, randomModel } from "./random-model.ts";

/** Prompt and answer tokens, as bench/peers/torch_lora.py has them: with 256 image tokens a row has 282. */
const [PREFIX, SUFFIX] = [20, 6];

export const nanoModel = (): Model => randomModel("nano", "f32");

/** Rank-8 LoRA on the seven layers of the language model, as the peer's `--targets language`. */
export function languageLora(model: Model, rank = 8): LoraBinding {
  const targets = ".*language_model.*\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)";
  const modules = loraModules(paligemmaParameters(model.config), { targets, exclude: null });
  return { modules, rank, scale: 2, dropout: 0 };
}

export function nanoTrainer(model: Model, engine: Engine = ortEngine(), recompute = false): Trainer {
  const lora = languageLora(model);
  const adapter = initAdapter(lora.modules, lora.rank, random(0, "adapter"));
  const adamw = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, max_grad_norm: 1, seed: 0 } as const;
  return createTrainer(engine, model, trainAdapter(model, lora, adapter), {
    ...adamw,
    residuals: recompute ? "recompute" : "keep",
  });
}

export const nanoBatch = (rows: number): TrainingBatch => randomBatch(configOf("nano"), rows);

export function randomBatch({ vision, imageTokenId }: PaliGemmaConfig, rows: number): TrainingBatch {
  const generator = random(0, "batch");
  return {
    pixels: Float32Array.from({ length: rows * 3 * vision.imageSize ** 2 }, () => generator.uniform() * 2 - 1),
    tokens: Int32Array.from({ length: rows * (PREFIX + SUFFIX) }, () => 3 + generator.int(imageTokenId - 3)),
    prefixLengths: new Int32Array(rows).fill(PREFIX),
    suffixLengths: new Int32Array(rows).fill(SUFFIX),
  };
}
