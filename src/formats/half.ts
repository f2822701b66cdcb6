import { type ConversionName, loadHalfKernel, TARGET, WINDOW } from "./half-kernel.ts";

/**
 * Sixteen-bit floats as raw bits (IEEE 754 binary16, and bfloat16 = the upper half of a float32).
 * Whole arrays at a time: a checkpoint holds billions of numbers, so there is no per-number function to misuse.
 */

/** fp16 → fp32, exact. `out`, when given, is as long as `halves` and is what is returned. */
export function f16ToF32(halves: Uint16Array, out: Float32Array = new Float32Array(halves.length)): Float32Array {
  widenF16(halves, out);
  return out;
}

/** fp32 → fp16, to nearest, ties to even. Beyond ±65504 becomes ±infinity; below 2⁻²⁵ becomes ±0. */
export function f32ToF16(numbers: Float32Array, out: Uint16Array = new Uint16Array(numbers.length)): Uint16Array {
  narrowF16(numbers, out);
  return out;
}

/** bf16 → fp32, exact. */
export function bf16ToF32(halves: Uint16Array, out: Float32Array = new Float32Array(halves.length)): Float32Array {
  widenBf16(halves, out);
  return out;
}

/** fp32 → bf16, to nearest, ties to even. */
export function f32ToBf16(numbers: Float32Array, out: Uint16Array = new Uint16Array(numbers.length)): Uint16Array {
  const bits = bitsOf(numbers);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i];
    const isNan = (x & 0x7fffffff) > 0x7f800000;
    out[i] = isNan ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return out;
}

type Conversion<From, To> = (numbers: From, out: To) => void;

const widenF16: Conversion<Uint16Array, Float32Array> =
  inVectors<Uint16Array, Float32Array>("f16ToF32", Uint16Array, Float32Array) ??
  ((halves, out) => {
    const bits = bitsOf(out);
    const table = halfTable();
    for (let i = 0; i < halves.length; i++) bits[i] = table[halves[i]];
  });

const narrowF16: Conversion<Float32Array, Uint16Array> =
  inVectors<Float32Array, Uint16Array>("f32ToF16", Float32Array, Uint16Array) ??
  ((numbers, out) => {
    const bits = bitsOf(numbers);
    for (let i = 0; i < bits.length; i++) out[i] = halfBits(bits[i]);
  });

const widenBf16: Conversion<Uint16Array, Float32Array> =
  inVectors<Uint16Array, Float32Array>("bf16ToF32", Uint16Array, Float32Array) ??
  ((halves, out) => {
    const bits = bitsOf(out);
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  });

type Numbers = Float32Array | Uint16Array;
type ArrayType<T> = new (buffer: ArrayBuffer, begin: number, length: number) => T;

/** By a {@link HalfKernel}, window by window. @returns undefined where WebAssembly has no vectors */
function inVectors<From extends Numbers, To extends Numbers>(
  name: ConversionName,
  from: ArrayType<From>,
  to: ArrayType<To>,
): Conversion<From, To> | undefined {
  const kernel = loadHalfKernel(name);
  if (!kernel) return undefined;
  const source = new from(kernel.memory.buffer, 0, WINDOW);
  const target = new to(kernel.memory.buffer, TARGET, WINDOW);
  return (numbers, out) => {
    for (let done = 0; done < numbers.length; done += WINDOW) {
      const part = numbers.subarray(done, done + WINDOW);
      source.set(part);
      kernel.convert(part.byteLength);
      out.set(target.subarray(0, part.length), done);
    }
  };
}

const bitsOf = (numbers: Float32Array) => new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);

const F32_INFINITY = 0x7f800000;
const F16_INFINITY = 0x7c00;
const F16_NAN = 0x7e00;
/** 2¹⁶ and 2⁻¹⁴ as fp32 bits: from the first on fp16 has only infinity, below the second only subnormals. */
const TWO_TO_16 = 0x47800000;
const TWO_TO_MINUS_14 = 0x38800000;
/** The exponent biases differ by 127 − 15. */
const BIAS_GAP = 112 << 23;

function halfBits(x: number): number {
  const sign = (x >>> 16) & 0x8000;
  const magnitude = x & 0x7fffffff;
  if (magnitude >= TWO_TO_16) return sign | (magnitude > F32_INFINITY ? F16_NAN : F16_INFINITY);
  if (magnitude < TWO_TO_MINUS_14) return sign | subnormalHalf(magnitude);
  // Half of the last kept place, less one when that place is even; a carry out of the fraction raises the exponent, as it must.
  return sign | ((magnitude - BIAS_GAP + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** A subnormal half counts steps of 2⁻²⁴: shift the fraction there and round what falls off. */
function subnormalHalf(magnitude: number): number {
  const exponent = magnitude >>> 23;
  const shift = 126 - exponent;
  if (shift > 24) return 0;
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  return (fraction + (1 << (shift - 1)) - 1 + (kept & 1)) >>> shift;
}

let table: Uint32Array | undefined;

/** fp32 bits of all 65,536 halves; built at first use in about a millisecond. */
function halfTable(): Uint32Array {
  table ??= Uint32Array.from({ length: 0x10000 }, (_, half) => floatBits(half));
  return table;
}

function floatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | F32_INFINITY | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | (((exponent << 23) + BIAS_GAP) | (fraction << 13))) >>> 0;
  if (fraction === 0) return sign >>> 0;
  const lead = 31 - Math.clz32(fraction); // fraction·2⁻²⁴ = 1.xxx · 2^(lead − 24)
  return (sign | ((lead - 24 + 127) << 23) | ((fraction << (23 - lead)) & 0x7fffff)) >>> 0;
}
