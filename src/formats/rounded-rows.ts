import { type Tensor, tensor } from "../util/tensor.ts";

/** A matrix [N,K] in whole numbers with a scale for each row: w = s · q. */
export interface RoundedRows {
  /** i8 [N,K]. */
  readonly rounded: Tensor<"i8">;
  /** f32 [N]. */
  readonly scales: Tensor<"f32">;
}

/** The same, and what is left of each number: w = s · (q + r / parts). */
export interface TwiceRoundedRows extends RoundedRows {
  /** i8 [N,K]. */
  readonly rest: Tensor<"i8">;
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

/** Rounds rows as {@link roundRows} does, and what is left, −½ to ½, once more to whole numbers of 1 / `parts`. */
export function roundRowsTwice(matrix: Tensor<"f32">, limit: number, parts: number): TwiceRoundedRows {
  const { rounded, scales } = roundRows(matrix, limit);
  const { shape, data } = matrix;
  const [rows, width] = shape as [number, number];
  const rest = new Int8Array(data.length);
  for (let row = 0; row < rows; row++) {
    if (scales.data[row] === 0) continue;
    const inverse = 1 / scales.data[row]!;
    for (let i = row * width; i < (row + 1) * width; i++)
      rest[i] = Math.round((data[i]! * inverse - rounded.data[i]!) * parts);
  }
  return { rounded, scales, rest: tensor("i8", shape, rest) };
}
