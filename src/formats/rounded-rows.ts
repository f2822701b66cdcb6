import { type Tensor, tensor } from "../util/tensor.ts";
import { eachTile } from "../util/tiles.ts";

/** A matrix [N,K] in whole numbers with a scale for each row: w = s · q. */
export interface RoundedRows {
  /** i8 [N,K]. */
  readonly rounded: Tensor<"i8">;
  /** f32 [N]. */
  readonly scales: Tensor<"f32">;
}

/** Rounds the rows of a matrix [N,K] to whole numbers from −limit to limit, the largest of each row to one of them. */
export function roundRows(matrix: Tensor<"f32">, limit: number): RoundedRows {
  const { shape, data } = matrix;
  const [rows, width] = shape as [number, number];
  const { scales, inverses } = scaleRows(matrix, limit);
  const rounded = new Int8Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let i = row * width; i < (row + 1) * width; i++) rounded[i] = data[i]! * inverses[row]! + ROUND - ROUND;
  return { rounded: tensor("i8", shape, rounded), scales };
}

/** The same turned round, as x · Wᵀ reads them. */
export interface TurnedRows {
  /** i8 [K,N]. */
  readonly rounded: Tensor<"i8">;
  /** f32 [N]. */
  readonly scales: Tensor<"f32">;
  /** i8 [K,N]: what is left of each number in parts of a step: w = s · (q + r / parts). */
  readonly rest?: Tensor<"i8">;
}

/** Rounds rows as {@link roundRows} does, and turns them round. @param parts of a step in which what is left is rounded once more */
export function roundTurned(matrix: Tensor<"f32">, limit: number, parts?: number): TurnedRows {
  const { shape, data } = matrix;
  const [rows, width] = shape as [number, number];
  const { scales, inverses } = scaleRows(matrix, limit);
  const rounded = new Int8Array(data.length);
  const rest = parts === undefined ? undefined : new Int8Array(data.length);
  eachTile(rows, width, (top, bottom, left, right) => {
    for (let row = top; row < bottom; row++) {
      const inverse = inverses[row]!;
      for (let column = left; column < right; column++) {
        const steps = data[row * width + column]! * inverse;
        const whole = steps + ROUND - ROUND;
        rounded[column * rows + row] = whole;
        if (rest) rest[column * rows + row] = (steps - whole) * parts! + ROUND - ROUND;
      }
    }
  });
  const turned = (part: Int8Array) => tensor("i8", [width, rows], part);
  return { rounded: turned(rounded), scales, ...(rest && { rest: turned(rest) }) };
}

/**
 * 1.5 · 2⁵²: a number that is small beside it is whole once this is added and taken away again, a half made even. Math.round takes
 * three times as long.
 */
const ROUND = 6_755_399_441_055_744;

/** A scale for each row, and what a number is multiplied with to be told in steps of it; 0 where all is 0. */
function scaleRows({ shape, data }: Tensor<"f32">, limit: number) {
  const [rows, width] = shape as [number, number];
  const scales = new Float32Array(rows);
  const inverses = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) largest = Math.max(largest, Math.abs(data[i]!));
    scales[row] = largest / limit;
    inverses[row] = largest === 0 ? 0 : limit / largest;
  }
  return { scales: tensor("f32", [rows], scales), inverses };
}
