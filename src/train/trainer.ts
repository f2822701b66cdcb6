import type { Engine, Tensors } from "../engine/engine.ts";
import { programsBySize } from "../engine/programs.ts";
import type { Model } from "../model/model.ts";
import { sizeOf, type Tensor, tensor } from "../util/tensor.ts";
import { type AdamWConfig, type AdamWState, clipGradient, gradientNorm, startAdamW, stepAdamW } from "./adamw.ts";
import { batchShape, countAnswerTokens, countStep, dropoutNoise, lossFeeds, type TrainingBatch } from "./feeds.ts";
import { type Layout, viewByInput } from "./layout.ts";
import { ANSWERS_ALONE, type BatchShape, gradientName, lossGraph, lossName, type Objective } from "./loss-graph.ts";
import { adjustLossScale, type LossScale, type LossScaleConfig, startLossScale } from "./loss-scale.ts";
import { findOverflow, type Overflow } from "./overflow-probe.ts";
import type { Trained } from "./trained.ts";

export interface TrainerConfig extends AdamWConfig, Partial<LossScaleConfig> {
  readonly max_grad_norm: number | null;
  /** Compute a layer's values anew in the backward pass instead of keeping them. */
  readonly recompute?: boolean;
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
  differentiate(batches: readonly TrainingBatch[], step: number): Promise<StepResult>;
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
  const { layout, frozen, lora } = trained;
  const { objective = ANSWERS_ALONE } = config;
  const values = trained.values.slice();
  const optimizer = startAdamW(layout.size);
  const lossScale = startLossScale(config, engine.halfProducts === true && model.dtype === "f16");
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
  const steps = programsBySize<BatchShape>(engine, frozen, (size) =>
    lossGraph(model.config, size, model.dtype, lora, {
      wrt,
      differentiation: lossScale ? "scaled gradient" : "gradient",
      recompute: config.recompute ?? false,
      objective,
    }),
  );
  const losses = programsBySize<BatchShape>(engine, frozen, (size) =>
    lossGraph(model.config, size, model.dtype, lora && { ...lora, dropout: 0 }, { differentiation: "none" }),
  );

  /** The program for each micro-batch of a step, and what it is fed. */
  async function* runsOf(batches: readonly TrainingBatch[], step: number) {
    const counts = countStep(batches);
    for (const [micro, batch] of batches.entries()) {
      const program = await steps.get(batchShape(batch));
      const feeds: Tensors = {
        ...lossFeeds(batch, counts, model.config, objective),
        ...inputs,
        ...dropoutNoise(program.graph, config.seed, step, micro),
        ...(lossScale && { lossScale: scalarTensor(lossScale.scale) }),
      };
      yield { program, feeds };
    }
  }

  return {
    layout,
    values,
    optimizer,
    lossScale,
    inputs,
    gradient,
    async differentiate(batches, step) {
      gradient.fill(0);
      let loss = 0;
      const losses: Record<string, number> = {};
      for await (const { program, feeds } of runsOf(batches, step)) {
        const outputs = await program.run(feeds, { ...partialByOutput, loss: scalarTensor() });
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
      for await (const { program, feeds } of runsOf(batches, step)) {
        const overflow = await findOverflow(engine, program.graph, frozen, feeds);
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
        const program = await losses.get(batchShape(batch));
        const outputs = await program.run({
          ...lossFeeds(batch, { answerTokens: 1, rows: 1 }, model.config),
          ...inputs,
        });
        total += outputs.loss!.data[0] as number;
        tokens += countAnswerTokens([batch]);
      }
      return total / tokens;
    },
    async release() {
      await Promise.all([steps.release(), losses.release()]);
    },
  };
}

function scalarTensor(value = 0): Tensor<"f32"> {
  return tensor("f32", [], Float32Array.of(value));
}
