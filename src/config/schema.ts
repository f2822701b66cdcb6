import { z } from "zod";
import { faultOfRate } from "../util/drop-rate.ts";

const positiveInt = () => z.int().min(1).max(1_000_000_000);
const count = () => z.int().min(0).max(1_000_000_000);
const path = () => z.string().min(1);

/** Whether a pattern for whole names compiles. */
export function isRegex(text: string): boolean {
  try {
    new RegExp(`^(?:${text})$`); // as it will be used: it must match a whole name
    return true;
  } catch {
    return false;
  }
}
const regex = () => z.string().min(1).refine(isRegex, { error: "must be a regular expression that compiles" });

const data = z.strictObject({
  train: path().describe("CSV of training rows: image_link, group_id, entity_name, entity_value"),
  val: path().nullable().default(null).describe("CSV of validation rows; null: none"),
  images: path().describe("folder of images, named by the last part of a row's image_link"),
  draw: z
    .boolean()
    .default(false)
    .describe("draw a label for each row into data.images, as amlc data synth does, instead of reading photographs"),
  prompt: z
    .string()
    .min(1)
    .refine((text) => text.replaceAll("{entity}", "").search(/[{}]/) < 0, {
      error: "may hold {entity} and no other braces",
    })
    .default("answer en What is the {entity}?")
    .describe("prompt of a row; {entity} is its entity_name with spaces"),
  shuffle: z.boolean().default(true).describe("new order of the rows in each epoch"),
  max_bad_rows: count().default(100).describe("rows with a missing or broken image to put up with before stopping"),
  prefetch: z.int().min(0).max(1024).default(4).describe("batches to prepare ahead of the engine"),
  features: path()
    .nullable()
    .default(null)
    .describe("folder to keep image features in, if no layer of the image tower is trained; null: computed each time"),
  characters: path()
    .nullable()
    .default(null)
    .describe("CSV of where characters stand on the training images: image_link, boxes; amlc data synth writes one"),
  pixel_cache_mb: z.int().min(0).max(1_048_576).default(256).describe("memory for decoded images, in MiB"),
});

const lora = z
  .strictObject({
    rank: z.int().min(1).max(4096).default(8).describe("rank r of an adapter"),
    alpha: z.number().positive().default(16).describe("scale of an adapter is alpha / rank"),
    rslora: z.boolean().default(false).describe("scale is alpha / √rank instead (Kalajdzievski 2023)"),
    dropout: z
      .number()
      .min(0)
      .lt(1)
      .refine((rate) => faultOfRate(rate) === undefined, { error: ({ input }) => faultOfRate(input as number)! })
      .default(0)
      .describe("chance to drop an input of an adapter while training, kept in 256ths"),
    targets: z
      .union([z.array(z.string().min(1)).min(1), regex()])
      .default(["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
      .describe("layers with an adapter. List: ends of names; string: regex of whole names, or all-linear"),
    exclude: regex().nullable().default(null).describe("regex of whole names that get no adapter"),
    init_adapter: path().nullable().default(null).describe("PEFT folder to start from"),
  })
  .prefault({});

const train = z
  .strictObject({
    batch: z.int().min(1).max(65_536).default(2).describe("rows of one forward pass"),
    accumulate: z.int().min(1).max(65_536).default(2).describe("forward passes of one optimiser step"),
    epochs: z.number().positive().max(1_000_000).nullable().default(6).describe("passes over the training rows"),
    max_steps: positiveInt().nullable().default(null).describe("optimiser steps; takes the place of epochs when given"),
    lr: z.number().min(0).max(1000).default(1e-2).describe("highest learning rate"),
    schedule: z
      .enum(["cosine", "linear", "constant"])
      .default("cosine")
      .describe("course of the learning rate after warm-up"),
    hold: z.number().min(0).max(1).default(0).describe("share of the steps after warm-up at the highest rate"),
    warmup_steps: count().default(2).describe("optimiser steps of linear warm-up from 0"),
    weight_decay: z.number().min(0).default(0.01).describe("decoupled weight decay of AdamW"),
    betas: z
      .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
      .default([0.9, 0.999])
      .describe("decay of AdamW's first and second moment"),
    eps: z.number().positive().default(1e-8).describe("AdamW's guard against division by zero"),
    max_grad_norm: z
      .number()
      .positive()
      .nullable()
      .default(1)
      .describe("gradients are clipped to this norm; null: not"),
    loss_scale: z
      .union([z.enum(["auto"]), z.number().min(1).max(1e39)])
      .nullable()
      .default("auto")
      .describe("start of the loss's scale; auto: 65536 where products are fp16, else none; null: none"),
    loss_scale_growth_interval: positiveInt()
      .default(2000)
      .describe("optimiser steps without overflow before the scale doubles; an overflow halves it"),
    answer_loss: z.number().min(0).default(1).describe("weight of the answers' loss; 0: no language is read"),
    character_loss: z.number().min(0).default(0).describe("weight of naming the characters in each image patch"),
    programs: z
      .enum(["auto", "whole", "layers"])
      .default("auto")
      .describe("compile a step as one program or one a layer; auto: layers for large models on onnxruntime's CPU"),
    residuals: z
      .union([z.enum(["auto", "keep", "recompute"]), z.int().min(0).max(1000)])
      .default("auto")
      .describe("what the way back reads of a layer: kept, computed again, or kept of so many; auto: as memory allows"),
    seed: z.int().min(0).max(0xffff_ffff).default(0).describe("seed of order, adapter start and dropout"),
    save_every: count().default(50).describe("optimiser steps between checkpoints; 0: one at the end"),
  })
  .refine((t) => t.epochs !== null || t.max_steps !== null, {
    path: ["epochs"],
    error: "must be a number when train.max_steps is null",
  })
  .refine((t) => t.max_steps === null || t.warmup_steps <= t.max_steps, {
    path: ["warmup_steps"],
    error: "must not be above train.max_steps: a shorter run wants a shorter warm-up, --set train.warmup_steps=0",
  })
  .prefault({});

const evaluation = z
  .strictObject({
    every: count().default(0).describe("optimiser steps between evaluations while training; 0: none"),
    max_rows: positiveInt().nullable().default(null).describe("rows of an evaluation; null: all"),
    max_new_tokens: z.int().min(1).max(4096).default(10).describe("longest answer, in tokens"),
    batch: z.int().min(1).max(65_536).nullable().default(null).describe("rows at a time; null: train.batch"),
    metric: z.enum(["f1", "loss"]).default("f1").describe("what makes a checkpoint the best"),
    patience: positiveInt().nullable().default(null).describe("evaluations without a better one before training stops"),
  })
  .refine((e) => e.patience === null || e.every > 0, { path: ["patience"], error: "needs eval.every above 0" })
  .prefault({});

const decode = z
  .strictObject({
    constrain: z
      .enum(["off", "format", "units"])
      .default("off")
      .describe("form of an answer. format: a number and any unit; units: a number and a unit of the entity"),
    n_best: z.int().min(1).max(64).default(1).describe("answers to find for a row, by beam search when above 1"),
    min_confidence: z
      .union([z.enum(["auto"]), z.number().min(0).max(1)])
      .nullable()
      .default("auto")
      .describe(
        "a less likely answer is left blank; auto: what amlc eval --calibrate found for the run; null: none is",
      ),
  })
  .prefault({});

const engine = z
  .strictObject({
    name: z
      .enum(["ort", "tfjs", "reference"])
      .default("ort")
      .describe("ort: onnxruntime; tfjs: TensorFlow.js; reference: slow, exact, for checks"),
    backend: z
      .enum(["auto", "tensorflow", "wasm", "cpu"])
      .default("auto")
      .describe("of tfjs; auto: tensorflow where amlc setup tensorflow was run, else wasm"),
    weights: z
      .enum(["fp32", "fp16", "int8", "int8x2"])
      .default("fp32")
      .describe(
        "type of frozen weights in memory; int8: matrices in whole numbers, a scale for each row, all else fp16; int8x2: two for each number, as exact as fp16",
      ),
    products: z
      .enum(["auto", "fp32", "fp16", "int8"])
      .default("auto")
      .describe(
        "type in which frozen weights are multiplied; auto: fp16 on a GPU, int8 on the CPU where weights are, else fp32",
      ),
    providers: z
      .array(z.enum(["cpu", "cuda", "tensorrt", "dml", "coreml", "webgpu", "qnn"]))
      .min(1)
      .default(["cpu"])
      .describe("onnxruntime's execution providers, the preferred first"),
    threads: z.int().min(1).max(1024).nullable().default(null).describe("threads of the engine; null: it decides"),
  })
  .prefault({});

/** The same folder name on every system, never a path, a hidden folder or a flag. */
export const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

const run = z
  .strictObject({
    name: z
      .string()
      .refine((text) => SAFE_NAME.test(text), {
        error: "must be a folder name: at most 64 letters, digits, '.', '_' or '-', with no leading '.' or '-'",
      })
      .nullable()
      .default(null)
      .describe("folder name of the run; null: two words and a number"),
    dir: path().default("experiments").describe("folder of all runs"),
  })
  .prefault({});

const ENVIRONMENT_DECIDES = "null: of the environment";

/** W&B's own rule for names that end in an address. */
const WANDB_NAME = /^(?!\s)[^/\\#?%:;,'\n]+(?<!\s)$/;
const wandbName = () =>
  z
    .string()
    .max(128)
    .refine((text) => WANDB_NAME.test(text), {
      error: "must not hold / \\ # ? % : ; , or ', nor begin or end with a space",
    })
    .nullable()
    .default(null);

const wandb = z
  .strictObject({
    mode: z
      .enum(["off", "offline", "online"])
      .nullable()
      .default(null)
      .describe("offline: for amlc track sync; online: sent as training goes on; null: WANDB_MODE, else off"),
    project: wandbName().describe(`project of the run; ${ENVIRONMENT_DECIDES} (WANDB_PROJECT), else amlc`),
    entity: wandbName().describe(`user or team; ${ENVIRONMENT_DECIDES} (WANDB_ENTITY), else the key's own`),
    id: z.string().max(128).nullable().default(null).describe("id of the run; null: eight letters and digits"),
    group: z.string().max(128).nullable().default(null).describe("group of runs"),
    tags: z.array(z.string().min(1).max(64)).max(64).default([]).describe("tags of the run"),
    notes: z.string().max(4096).nullable().default(null).describe("what the run is for"),
    predictions: count().default(50).describe("rows of each evaluation in the table with pictures; 0: no table"),
    adapter: z.boolean().default(true).describe("keep the best adapter as an artifact"),
    finish_seconds: z.number().min(0).max(86_400).default(30).describe("longest wait for the network at the end"),
  })
  .prefault({});

const track = z
  .strictObject({
    wandb,
    tensorboard: z.boolean().default(false).describe("write TensorBoard event files into the run's folder"),
  })
  .prefault({});

/** Everything a run is told. YAML, `--set`, `--help`, the JSON Schema and the error messages all come from here. */
export const ConfigSchema = z
  .strictObject({
    base: path().describe("Hugging Face folder of the PaliGemma to start from"),
    tune: z
      .enum(["lora", "all", "vision"])
      .default("lora")
      .describe("what is trained: an adapter, every weight of the base, or its image tower and projector"),
    data,
    lora,
    train,
    eval: evaluation,
    decode,
    engine,
    track,
    run,
  })
  .refine((c) => c.eval.every === 0 || c.data.val !== null, { path: ["eval", "every"], error: "needs data.val" })
  .refine(({ train }) => train.answer_loss > 0 || train.character_loss > 0, {
    path: ["train", "answer_loss"],
    error: "must be above 0 where train.character_loss is 0",
  })
  .refine(({ tune, train }) => train.answer_loss > 0 || tune === "vision", {
    path: ["train", "answer_loss"],
    error: "may be 0 with tune: vision alone",
  })
  .refine(({ tune, train }) => train.character_loss === 0 || tune !== "lora", {
    path: ["train", "character_loss"],
    error: "is for tune: all and vision, not for an adapter",
  })
  .refine(({ data, train }) => train.character_loss === 0 || data.characters !== null, {
    path: ["train", "character_loss"],
    error: "needs data.characters",
  });

/** A checked configuration with every default filled in. */
export type Config = z.output<typeof ConfigSchema>;
