import { f32ToF16 } from "../formats/half.ts";
import type { RandomState } from "../util/random.ts";
import { type Distribution, drawNumbers } from "./init-weights.ts";

export type DrawnType = "fp16" | "fp32";

/** Some numbers of a weight that are to be drawn into the weight's memory. */
export interface WeightPiece {
  readonly bytes: SharedArrayBuffer;
  readonly dtype: DrawnType;
  /** The piece's first number. */
  readonly begin: number;
  readonly length: number;
  readonly distribution: Distribution;
  /** Of the weight's stream at the first number. */
  readonly state: RandomState;
}

export function drawPiece({ bytes, dtype, begin, length, distribution, state }: WeightPiece): void {
  const numbers = dtype === "fp32" ? new Float32Array(bytes, 4 * begin, length) : new Float32Array(length);
  drawNumbers(numbers, distribution, state);
  if (dtype === "fp16") f32ToF16(numbers, new Uint16Array(bytes, 2 * begin, length));
}
