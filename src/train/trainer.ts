import type { Engine } from "../engine/engine.ts";
import { gradientName } from "../graph/chain.ts";
import type { Model } from "../model/model.ts";
import { availableMemory } from "../util/available-memory.ts";
import { sizeOf, type Tensor, tensor } from "../util/tensor.ts";
import { type AdamWConfig, type AdamWState, clipGradient, gradientNorm, startAdamW, stepAdamW } from "./adamw.ts";
import { batchShape, countAnswerTokens, countStep, dropoutNoise, lossFeeds, type TrainingBatch } from "./feeds.ts";
import { layeredLoss } from "./layered-loss.ts";
import { type Layout, viewByInput } from "./layout.ts";
import { ANSWERS_ALONE, type BatchShape, lossChain, lossGraph, lossName, type Objective } from "./loss-graph.ts";
import type { LossInputs, LossPrograms } from "./loss-programs.ts";
import { adjustLossScale, type LossScale, type LossScaleConfig, startLossScale } from "./loss-scale.ts";
import type { Overflow } from "./overflow-probe.ts";
import { chooseKept, choosePrograms, plannedEngine, type Residuals } from "./residuals.ts";
import type { Trained } from "./trained.ts";
import { wholeLoss } from "./whole-loss.ts";

export interface TrainerConfig extends AdamWConfig, Partial<LossScaleConfig> {
  readonly max_grad_norm: number | null;
  /** One program for the whole step, or one a layer; by default what suits model and engine. */
  readonly programs?: "auto" | "whole" | "layers";
  /** What the backward pass reads of a layer is kept, or computed again. */
  readonly residuals?: Residuals;
  readonly objective?: Objective;
  readonly seed: number;
}

export interface StepResult {
  /** Mean over all answer tokens of the step, before the update; where characters are named too, the weighted sum of both. */
  readonly loss: number;
  /** The sum's parts, where characters are named. */
  readonly losses?: Readonly<Partial<Record<keyof Objective, number>>>;
  /** Before clipping; not finite when a number overflowed. */
  readonly gradNorm: number;
  /** By which the loss was multiplied; the gradient is that of the loss itself all the same. */
  readonly lossScale: number | null;
  readonly answerTokens: number;
}

/** Trains an adapter, or a whole model, in place. */
export interface Trainer {
  readonly layout: Layout;
  /** All trained numbers; the optimiser changes them in place. */
  readonly values: Float32Array;
  readonly optimizer: AdamWState;
  /** null: the loss is not scaled. */
  readonly lossScale: LossScale | null;
  /** What is trained, as graph inputs: views of `values`. */
  readonly inputs: Readonly<Record<string, Tensor<"f32">>>;
  /**
   * Loss and gradient of one optimiser step's micro-batches: one mean over all their answer tokens. The gradient of the
   * last call is in `gradient`.
   */
  differentiate(
    batches: readonly TrainingBatch[],
    step: number,
    onProgress?: (share: number) => void,
  ): Promise<StepResult>;
  readonly gradient: Float32Array;
  /** Runs the micro-batches of a step once more, as `differentiate` did, and finds what overflows first; null: nothing. */
  findOverflow(batches: readonly TrainingBatch[], step: number): Promise<Overflow | null>;
  /**
   * Clips the gradient and moves what is trained. When the loss is scaled, the scale is adjusted, and a gradient that is not
   * finite moves nothing.
   * @returns whether the step was taken
   */
  update(gradNorm: number, lr: number): boolean;
  /** Mean loss over the answer tokens of `batches`, without dropout. */
  loss(batches: AsyncIterable<TrainingBatch>): Promise<number>;
  release(): Promise<void>;
}

export function createTrainer(
  engine: Engine,
  model: Pick<Model, "config" | "dtype">,
  trained: Trained,
  config: TrainerConfig,
): Trainer {
  const { layout } = trained;
  const { objective = ANSWERS_ALONE } = config;
  const values = trained.values.slice();
  const optimizer = startAdamW(layout.size);
  const lossScale = startLossScale(config, engine.products === "fp16" && model.dtype === "f16");
  const gradient = new Float32Array(layout.size);
  const partial = new Float32Array(layout.size);
  const inputs = viewByInput(layout, values);
  const partialByOutput = Object.fromEntries(
    Object.entries(viewByInput(layout, partial)).map(([name, view]) => [gradientName(name), view]),
  );
  const wrt = layout.places.map(({ name }) => name);
  const spans = layout.places.map(({ start, shape }) => ({
    ...{ start, end: start + sizeOf(shape), decays: shape.length > 1 },
  }));
  const programs = lossPrograms(engine, model, trained, config, wrt, lossScale !== null);

  /** The shape of each micro-batch of a step, and what it is computed from. */
  function microBatches(batches: readonly TrainingBatch[], step: number) {
    const counts = countStep(batches);
    return batches.map((batch, micro): { shape: BatchShape; inputs: LossInputs } => ({
      shape: batchShape(batch, model.config),
      inputs: {
        feeds: {
          ...lossFeeds(batch, counts, model.config, objective),
          ...inputs,
          ...(lossScale && { lossScale: scalarTensor(lossScale.scale) }),
        },
        noise: (name, type) => dropoutNoise(name, type, config.seed, step, micro),
      },
    }));
  }

  return {
    layout,
    values,
    optimizer,
    lossScale,
    inputs,
    gradient,
    async differentiate(batches, step, onProgress) {
      gradient.fill(0);
      let loss = 0;
      const losses: Record<string, number> = {};
      for (const [micro, { shape, inputs }] of microBatches(batches, step).entries()) {
        const within = onProgress && ((share: number) => onProgress((micro + share) / batches.length));
        const outputs = await programs.differentiate(shape, inputs, partialByOutput, within);
        loss += outputs.loss!.data[0] as number;
        for (const name of ["answers", "characters"]) {
          const part = outputs[lossName(name)];
          if (part) losses[name] = (losses[name] ?? 0) + (part.data[0] as number);
        }
        for (let i = 0; i < gradient.length; i++) gradient[i]! += partial[i]!;
      }
      if (lossScale) for (let i = 0; i < gradient.length; i++) gradient[i]! /= lossScale.scale;
      return {
        loss,
        ...(objective.characters > 0 && { losses }),
        gradNorm: gradientNorm(gradient),
        lossScale: lossScale?.scale ?? null,
        answerTokens: countAnswerTokens(batches),
      };
    },
    async findOverflow(batches, step) {
      for (const { shape, inputs } of microBatches(batches, step)) {
        const overflow = await programs.findOverflow(shape, inputs);
        if (overflow) return overflow;
      }
      return null;
    },
    update(gradNorm, lr) {
      if (lossScale) {
        const finite = Number.isFinite(gradNorm);
        adjustLossScale(lossScale, finite, config);
        if (!finite) return false;
      }
      if (config.max_grad_norm !== null) clipGradient(gradient, gradNorm, config.max_grad_norm);
      stepAdamW(values, gradient, optimizer, lr, config, spans);
      return true;
    },
    async loss(batches) {
      let [total, tokens] = [0, 0];
      for await (const batch of batches) {
        const feeds = { ...lossFeeds(batch, { answerTokens: 1, rows: 1 }, model.config), ...inputs };
        total += await programs.loss(batchShape(batch, model.config), feeds);
        tokens += countAnswerTokens([batch]);
      }
      return total / tokens;
    },
    release: () => programs.release(),
  };
}

function lossPrograms(
  engine: Engine,
  { config, dtype }: Pick<Model, "config" | "dtype">,
  { frozen, lora }: Trained,
  { programs = "auto", residuals = "auto", objective = ANSWERS_ALONE }: TrainerConfig,
  wrt: readonly string[],
  isScaled: boolean,
): LossPrograms {
  const still = lora && { ...lora, dropout: 0 };
  if (choosePrograms(programs, engine, config, objective) === "layers") {
    return layeredLoss(engine, frozen, {
      chainOf: (shape, differentiate) =>
        differentiate
          ? lossChain(config, shape, dtype, lora, { wrt, answers: objective.answers })
          : lossChain(config, shape, dtype, still, { wrt: [] }),
      keep: (chain) => chooseKept(chain, residuals, plannedEngine(engine), availableMemory()),
    });
  }
  const differentiation = isScaled ? "scaled gradient" : "gradient";
  return wholeLoss(engine, frozen, (shape, differentiate) =>
    differentiate
      ? lossGraph(config, shape, dtype, lora, {
          ...{ wrt, differentiation, objective },
          recompute: residuals === "recompute",
        })
      : lossGraph(config, shape, dtype, still, { differentiation: "none" }),
  );
}

function scalarTensor(value = 0): Tensor<"f32"> {
  return tensor("f32", [], Float32Array.of(value));
}
