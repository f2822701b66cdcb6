import type { Tensors } from "../engine/engine.ts";
import type { Type } from "../graph/node.ts";
import type { Tensor } from "../util/tensor.ts";
import type { BatchShape } from "./loss-graph.ts";
import type { Overflow } from "./overflow-probe.ts";

/** What a micro-batch is computed from, beside the frozen weights. */
export interface LossInputs {
  /** The batch, what is trained, and `lossScale` [] where the loss is scaled. */
  readonly feeds: Tensors;
  /** Numbers for a dropout input; the same whenever it is asked for. */
  noise(name: string, type: Type): Tensor;
}

/** Programs for the loss of micro-batches of any shape and its gradient; compiled when first wanted. */
export interface LossPrograms {
  /**
   * The outputs of a loss graph. Gradients are written into `into`.
   * @param into places by output name, for every gradient
   * @param onProgress told of the share that is done, where there is more than one program to run
   */
  differentiate(
    shape: BatchShape,
    inputs: LossInputs,
    into: Tensors,
    onProgress?: (share: number) => void,
  ): Promise<Tensors>;
  /** Σ w·CE alone, as it is without dropout. */
  loss(shape: BatchShape, feeds: Tensors): Promise<number>;
  /** Computes the micro-batch once more and looks at every value; null: all are finite. */
  findOverflow(shape: BatchShape, inputs: LossInputs): Promise<Overflow | null>;
  release(): Promise<void>;
}
