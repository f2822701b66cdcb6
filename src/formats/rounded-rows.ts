import { type Tensor, tensor } from "../util/tensor.ts";

/** A matrix [N,K] in whole numbers with a scale for each row: w = s · q. */
export interface RoundedRows {
  /** i8 [N,K]. */
  readonly rounded: Tensor<"i8">;
  /** f32 [N]. */
  readonly scales: Tensor<"f32">;
}

/** Rounds the rows of a matrix [N,K] to whole numbers from −limit to limit, the largest of each row to one of them. */
export function roundRows({ shape, data }: Tensor<"f32">, limit: number): RoundedRows {
  const [rows, width] = shape as [number, number];
  const rounded = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [start, end] = [row * width, (row + 1) * width];
    let largest = 0;
    for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(data[i]!));
    if (largest === 0) continue;
    scales[row] = largest / limit;
    const inverse = limit / largest;
    for (let i = start; i < end; i++) rounded[i] = Math.round(data[i]! * inverse);
  }
  return { rounded: tensor("i8", shape, rounded), scales: tensor("f32", [rows], scales) };
}
