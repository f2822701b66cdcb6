import type { Engine } from "../src/engine/engine.ts";
import { ortEngine } from "../src/engine/ort/ort.ts";
import { initAdapter, type LoraBinding, loraModules, parametersOf } from "../src/model/lora.ts";
import type { Model } from "../src/model/model.ts";
import { paligemmaParameters } from "../src/model/paligemma.ts";
import type { TrainingBatch } from "../src/train/feeds.ts";
import { trainAdapter } from "../src/train/trained.ts";
import { createTrainer, type Trainer } from "../src/train/trainer.ts";
import { random } from "../src/util/random.ts";
import { sizeOf, tensor } from "../src/util/tensor.ts";

const IMAGE = 224;
const VOCABULARY = 1024;
/** Prompt and answer tokens, as bench/peers/torch_lora.py has them: with 256 image tokens a row has 282. */
const [PREFIX, SUFFIX] = [20, 6];

/** A PaliGemma of the size that torch_lora.py calls nano, its numbers random. */
export function nanoModel(): Model {
  const config = {
    vision: {
      hiddenSize: 192,
      intermediateSize: 768,
      numLayers: 6,
      numHeads: 3,
      imageSize: IMAGE,
      patchSize: 14,
      layerNormEps: 1e-6,
    },
    text: {
      hiddenSize: 256,
      intermediateSize: 1024,
      numLayers: 6,
      numHeads: 4,
      numKvHeads: 1,
      headDim: 64,
      vocabSize: VOCABULARY + 64,
      rmsNormEps: 1e-6,
      ropeTheta: 10_000,
      maxPositions: 8192,
    },
    imageTokenId: VOCABULARY,
    padTokenId: 0,
    bosTokenId: 2,
    eosTokenId: 1,
  };
  const generator = random(0, "weights");
  const weights = parametersOf(paligemmaParameters(config)).map(({ name, shape }) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, () =>
      shape.length > 1 ? generator.uniform() * 0.04 - 0.02 : 0,
    );
    return [name, tensor("f32", shape, data)] as const;
  });
  const preprocessor = {
    imageSize: IMAGE,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    rescaleFactor: 1 / 255,
    resample: "bicubic",
  } as const;
  return { folder: "nano", config, preprocessor, dtype: "f32", weights: Object.fromEntries(weights) };
}

/** Rank-8 LoRA on the seven layers of the language model, as the peer's `--targets language`. */
export function nanoLora(model: Model): LoraBinding {
  const targets = ".*language_model.*\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)";
  const modules = loraModules(paligemmaParameters(model.config), { targets, exclude: null });
  return { modules, rank: 8, scale: 2, dropout: 0 };
}

export function nanoTrainer(model: Model, engine: Engine = ortEngine(), recompute = false): Trainer {
  const lora = nanoLora(model);
  const adapter = initAdapter(lora.modules, lora.rank, random(0, "adapter"));
  const adamw = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, max_grad_norm: 1, seed: 0, recompute } as const;
  return createTrainer(engine, model, trainAdapter(model, lora, adapter), adamw);
}

export function nanoBatch(rows: number): TrainingBatch {
  const generator = random(0, "batch");
  return {
    pixels: Float32Array.from({ length: rows * 3 * IMAGE * IMAGE }, () => generator.uniform() * 2 - 1),
    tokens: Int32Array.from({ length: rows * (PREFIX + SUFFIX) }, () => 3 + generator.int(VOCABULARY - 3)),
    prefixLengths: new Int32Array(rows).fill(PREFIX),
    suffixLengths: new Int32Array(rows).fill(SUFFIX),
  };
}
