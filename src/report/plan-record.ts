import type { WholeWeights } from "../engine/engine.ts";
import type { Bytes, Flops, Moment } from "../engine/memory-kinds.ts";

/** Settings that would fit, beside those that were asked for. */
export interface Proposal {
  /** As `train.batch=1`, or `base=…-int8` for the base in blocks of so many bits. */
  readonly changes: readonly string[];
  readonly peak_bytes: number;
  readonly seconds_a_step: number;
}

/** What a training run would take of a device, as far as its settings tell. */
export interface PlanRecord {
  readonly base: {
    readonly name: string;
    readonly config: string;
    readonly parameters: number;
    readonly trainable: number;
  };
  readonly device: {
    readonly name: string;
    readonly label: string;
    readonly memory_bytes: number;
    /** Where the figure is from. */
    readonly memory_source: "available here" | "as published, less a twelfth" | "given";
  };
  readonly programs: "whole" | "layers";
  /** Layers of which the way back finds what it reads; null: one program decides. */
  readonly kept: { readonly layers: number; readonly of: number } | null;
  readonly residuals: "auto" | "keep" | "recompute" | number;
  /** Sizes of a micro-batch; text and answer are assumed. */
  readonly shape: {
    readonly rows: number;
    readonly image_tokens: number;
    readonly text: number;
    readonly answer: number;
  };
  readonly peak_bytes: number;
  readonly by_kind: Bytes;
  readonly fits: boolean;
  /** Of a micro-batch. */
  readonly flops: Flops;
  readonly rate: {
    readonly flops_a_second: number;
    readonly source: "measured" | "published" | "given";
    /** What was measured, or whose figure it is. */
    readonly what: string;
    /** Share of it that a step is assumed to reach. */
    readonly efficiency: number;
    /** The same of products in whole numbers, by the type of weights, where they were measured. */
    readonly whole: Readonly<Partial<Record<WholeWeights, number>>>;
  };
  readonly accumulate: number;
  readonly seconds_a_step: number;
  /** null: the training table is not there, and train.max_steps is not set. */
  readonly steps: number | null;
  readonly hours: number | null;
  readonly moments: readonly Moment[];
  /** Where the asked ones do not fit: what does, the nearest first. */
  readonly proposals: readonly Proposal[];
}
