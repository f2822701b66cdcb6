/**
 * Pillow's bicubic resize, to the bit: the model was trained on it, and its answers hang on small print. Two passes of
 * a convolution in fixed point, whose support grows with the reduction (antialiasing), with 8-bit pixels in between.
 * Source: Pillow, src/libImaging/Resample.c.
 */

/** Fraction bits of a weight: 8 bits of a colour and 2 for overshoot leave 22 of 32. */
export const FRACTION_BITS = 22;

/** One pass: every pixel of `width` × `height` is a weighted sum along a row (horizontal) or a column of its input. */
export interface Pass {
  readonly horizontal: boolean;
  readonly width: number;
  readonly height: number;
  /** Bytes from a pixel of the input to the next: 3 of the photograph, 4 of what a pass writes. */
  readonly pixel: number;
  /** Bytes from a row of the input to the next. */
  readonly stride: number;
  /**
   * One entry for each place along the axis, all of one size: byte offset of the first input pixel, bytes of the
   * weights that follow, the weights, zeros.
   */
  readonly table: Int32Array;
}

/** The passes from `width` × `height` pixels of 3 bytes to a square, in Pillow's order. */
export function planResize(width: number, height: number, size: number): readonly [Pass, Pass] {
  const across = (rows: number, pixel: number): Pass => {
    const table = weightTable(width, size, pixel);
    return { horizontal: true, width: size, height: rows, pixel, stride: pixel * width, table };
  };
  const down = (columns: number, pixel: number): Pass => {
    const stride = pixel * columns;
    return { horizontal: false, width: columns, height: size, pixel, stride, table: weightTable(height, size, stride) };
  };
  return columnsFirst(width, height, size) ? [down(width, 3), across(size, 4)] : [across(height, 3), down(size, 4)];
}

/** Pillow takes the cheaper pass first from release 13 on (found by trial, exact on 4,000 sizes); older: rows first. */
function columnsFirst(width: number, height: number, size: number): boolean {
  return height > size && height - size > 2 * (width - size);
}

/** Weights of `to` places over `from` input pixels that lie `step` bytes apart. */
function weightTable(from: number, to: number, step: number): Int32Array {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = 2 * stretch;
  const entry = 2 + 2 * Math.ceil(support) + 1;
  const table = new Int32Array(to * entry);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const weights = Array.from({ length: end - first }, (_, j) => cubic((first + j - centre + 0.5) / stretch));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    table[i * entry] = first * step;
    table[i * entry + 1] = weights.length * 4;
    table.set(
      weights.map((weight) => toFixedPoint(weight / total)),
      i * entry + 2,
    );
  }
  return table;
}

/** Keys' cubic convolution with a = −½ (Keys 1981). */
function cubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

/** Rounds half away from zero, as C's truncation after ±½ does. */
function toFixedPoint(weight: number): number {
  const scaled = weight * 2 ** FRACTION_BITS;
  return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}
