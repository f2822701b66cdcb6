import { type Tensor, tensor } from "../util/tensor.ts";
import { f16ToF32 } from "./half.ts";

/**
 * Weights as onnxruntime's MatMulNBits keeps them: each row of W [N,K] in blocks of columns, w = s · (q − z) with one scale s
 * and one zero point z a block. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
 */
export interface BlockLayout {
  readonly bits: 8 | 4;
  /** Columns that share a scale: a power of two from 16. A row's last block is filled up. */
  readonly block: number;
}

export interface QuantizeOptions extends BlockLayout {
  /** Whether each block has a zero point, for half a byte (4 bits) or a byte more and a smaller error; else z = 2^(bits−1). */
  readonly asymmetric?: boolean;
}

export interface QuantizedBlocks {
  /** q: u8 [N, ⌈K/block⌉, block·bits/8]; of two 4-bit numbers the first is in the lower half of the byte. */
  readonly packed: Uint8Array;
  /** s: [N · ⌈K/block⌉]; it may be negative. */
  readonly scales: Float32Array;
  /** z: u8 [N · ⌈⌈K/block⌉·bits/8⌉]; two of 4 bits a byte as above, and a row begins with a byte of its own. */
  readonly zeroPoints?: Uint8Array;
}

/** Scale and zero point of a block. */
interface Grid {
  readonly scale: number;
  readonly zero: number;
}

/**
 * Scales to begin with, as parts of the one that clips no number: to clip the largest may cost less than coarser steps for
 * all. At 8 bits there is nothing to be won.
 */
const STARTS: Readonly<Record<BlockLayout["bits"], readonly number[]>> = { 8: [1], 4: [0.8, 0.9, 1, 1.08] };

/** Rounds a weight [N,K] to numbers of few bits, each block with the scale that fits it best among some. */
export function quantizeBlocks(weight: Tensor<"f32"> | Tensor<"f16">, options: QuantizeOptions): QuantizedBlocks {
  const { bits, block, asymmetric = false } = options;
  const [rows, columns] = weight.shape as [number, number];
  const blocks = Math.ceil(columns / block);
  const packed = new Uint8Array((rows * blocks * block * bits) / 8);
  const scales = new Float32Array(rows * blocks);
  const bytesOfZeros = Math.ceil((blocks * bits) / 8);
  const zeroPoints = new Uint8Array(asymmetric ? rows * bytesOfZeros : 0);
  const row = new Float32Array(blocks * block);
  for (let n = 0; n < rows; n++) {
    readRow(weight, n, row.subarray(0, columns));
    for (let i = 0; i < blocks; i++) {
      const at = n * blocks + i;
      const grid = fitGrid(row, i * block, options);
      scales[at] = grid.scale;
      if (asymmetric) put(zeroPoints, n * bytesOfZeros, i, bits, grid.zero);
      packBlock(row, i * block, grid, options, packed, (at * block * bits) / 8);
    }
  }
  return asymmetric ? { packed, scales, zeroPoints } : { packed, scales };
}

/** The weight [N,K] that the blocks stand for. */
export function dequantizeBlocks(
  { packed, scales, zeroPoints }: QuantizedBlocks,
  shape: readonly [rows: number, columns: number],
  { bits, block }: BlockLayout,
): Tensor<"f32"> {
  const [rows, columns] = shape;
  const blocks = Math.ceil(columns / block);
  const bytesOfZeros = Math.ceil((blocks * bits) / 8);
  const weight = new Float32Array(rows * columns);
  for (let n = 0; n < rows; n++) {
    for (let i = 0; i < blocks; i++) {
      const at = n * blocks + i;
      const zero = zeroPoints ? take(zeroPoints, n * bytesOfZeros, i, bits) : 2 ** (bits - 1);
      const start = n * columns + i * block;
      const end = Math.min(start + block, (n + 1) * columns);
      widenBlock(packed, (at * block * bits) / 8, { scale: scales[at], zero }, bits, weight.subarray(start, end));
    }
  }
  return tensor("f32", shape, weight);
}

function widenBlock(packed: Uint8Array, at: number, { scale, zero }: Grid, bits: 8 | 4, out: Float32Array): void {
  if (bits === 8) {
    for (let k = 0; k < out.length; k++) out[k] = scale * (packed[at + k] - zero);
    return;
  }
  for (let k = 0; k < out.length; k++) out[k] = scale * (((packed[at + (k >> 1)] >> (4 * (k & 1))) & 15) - zero);
}

function readRow({ dtype, data }: Tensor<"f32"> | Tensor<"f16">, row: number, out: Float32Array): void {
  const part = data.subarray(row * out.length, (row + 1) * out.length);
  if (dtype === "f16") f16ToF32(part as Uint16Array, out);
  else out.set(part);
}

/**
 * The widest grid has the block's ends, and 0, at its own. Without zero points the number furthest from 0 stands at the lower
 * end, −2^(bits−1), which is a step further out than the upper: so s may be negative.
 */
function fitGrid(row: Float32Array, start: number, { bits, block, asymmetric }: QuantizeOptions): Grid {
  let low = 0;
  let high = 0;
  for (let k = start; k < start + block; k++) {
    if (row[k] < low) low = row[k];
    else if (row[k] > high) high = row[k];
  }
  if (asymmetric) return bestGrid(row, start, block, bits, (high - low) / (2 ** bits - 1), low + high);
  return bestGrid(row, start, block, bits, (-low > high ? -low : -high) / 2 ** (bits - 1), 0);
}

/**
 * On each grid the numbers are rounded, then its scale is fitted to them by least squares, s = Σwc / Σc² with c = q − z. What
 * is left, Σ(w − sc)² = Σw² − (Σwc)² / Σc², decides.
 * @param ends the sum of the block's ends: a narrower grid lies as far within one as within the other
 */
function bestGrid(row: Float32Array, start: number, block: number, bits: 8 | 4, widest: number, ends: number): Grid {
  const top = 2 ** bits - 1;
  let best = 0;
  let bestZero = 2 ** (bits - 1);
  let most = 0;
  if (widest === 0) return { scale: 0, zero: bestZero };
  for (const part of STARTS[bits]) {
    const scale = part * widest;
    const zero = Math.min(top, Math.max(0, Math.round((top - ends / scale) / 2)));
    const inverse = 1 / scale;
    let products = 0;
    let squares = 0;
    for (let k = start; k < start + block; k++) {
      const c = roundWithin(row[k] * inverse, -zero, top - zero);
      products += row[k] * c;
      squares += c * c;
    }
    const explained = (products * products) / squares;
    if (explained > most) {
      most = explained;
      best = products / squares;
      bestZero = zero;
    }
  }
  return { scale: Math.fround(best), zero: bestZero };
}

/** A double above 2^52 has no places behind the point: what is added to this one is rounded, ties to even. */
const WHOLE = 1.5 * 2 ** 52;

/** The nearest whole number between two. In doubles throughout: twice as fast as by way of an integer. */
function roundWithin(value: number, low: number, high: number): number {
  return (value < low ? low : value > high ? high : value) + WHOLE - WHOLE;
}

function packBlock(
  row: Float32Array,
  start: number,
  { scale, zero }: Grid,
  { bits, block }: BlockLayout,
  packed: Uint8Array,
  at: number,
): void {
  const top = 2 ** bits - 1;
  const inverse = scale === 0 ? 0 : 1 / scale;
  if (bits === 8) {
    for (let k = 0; k < block; k++) packed[at + k] = zero + roundWithin(row[start + k] * inverse, -zero, top - zero);
    return;
  }
  for (let k = 0; k < block; k += 2) {
    const low = zero + roundWithin(row[start + k] * inverse, -zero, top - zero);
    const high = zero + roundWithin(row[start + k + 1] * inverse, -zero, top - zero);
    packed[at + (k >> 1)] = low + 16 * high;
  }
}

/** Writes the `i`th number behind the byte `start`, where there are zeros. */
function put(bytes: Uint8Array, start: number, i: number, bits: 8 | 4, value: number): void {
  if (bits === 8) bytes[start + i] = value;
  else bytes[start + (i >> 1)] |= value << (4 * (i & 1));
}

function take(bytes: Uint8Array, start: number, i: number, bits: 8 | 4): number {
  return bits === 8 ? bytes[start + i] : (bytes[start + (i >> 1)] >> (4 * (i & 1))) & 15;
}
