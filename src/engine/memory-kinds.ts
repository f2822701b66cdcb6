/** What memory is for, in the order in which it is told. */
export const KINDS = [
  "process",
  "weights",
  "adapters",
  "optimizer",
  "images",
  "residuals",
  "logits",
  "workspace",
  "waiting",
] as const;
export type Kind = (typeof KINDS)[number];
/** Bytes of each kind. */
export type Bytes = Readonly<Record<Kind, number>>;

/** What each kind is, for people. */
export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  process: "Node, engine and their libraries",
  weights: "the base",
  adapters: "what is trained, its gradients",
  optimizer: "AdamW's moments",
  images: "batches read ahead, images kept",
  residuals: "what the way back reads, and what goes from layer to layer",
  logits: "logits and their gradients",
  workspace: "what the running program computes with, widened weights too",
  waiting: "held for later by other programs and by buffers",
};

export const NO_BYTES: Bytes = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as unknown as Bytes;

export const totalBytes = (bytes: Bytes): number => KINDS.reduce((sum, kind) => sum + bytes[kind], 0);

/** What lies in memory while one layer is gone through, one way. */
export interface Moment {
  /** As `language layer 3`. */
  readonly layer: string;
  readonly pass: "forward" | "backward" | "recomputation";
  readonly bytes: Bytes;
}

/** Floating point operations of a micro-batch; a multiply-add counts two. */
export interface Flops {
  readonly forward: number;
  readonly backward: number;
  readonly recomputation: number;
  /** Of all of them those of products in whole numbers. */
  readonly whole: number;
}

export const totalFlopsOf = ({ forward, backward, recomputation }: Flops): number => forward + backward + recomputation;

/** A micro-batch's way through a step. */
export interface Course {
  readonly moments: readonly Moment[];
  readonly flops: Flops;
  /** Bytes of the buffers between programs, taken or free; absent: there are none. */
  readonly buffers?: number;
}
