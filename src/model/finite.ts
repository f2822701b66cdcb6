import { InputError } from "../util/errors.ts";
import type { Tensor } from "../util/tensor.ts";
import { loadFiniteKernel, WINDOW } from "./finite-kernel.ts";

/** Refuses weights that no computation survives. `where` names file and tensor. @throws InputError with their count. */
export function requireFinite(where: string, weights: Tensor<"f32"> | Tensor<"f16">): void {
  const bad = countNonFinite(weights);
  if (bad === 0) return;
  const narrow = weights.dtype === "f16" ? ", or beyond fp16's ±65504" : "";
  throw new InputError(`${where}: ${bad} of ${weights.data.length} numbers are NaN or infinite${narrow}`, {
    hint: narrow ? "fetch or save the file again, or load it as fp32" : "fetch or save the file again",
  });
}

/** NaN and infinity are the numbers whose exponent bits are all set: compared as integers, with no conversion. */
const EXPONENT = { f16: 0x7c00, f32: 0x7f800000 };
/** The last place of an exponent. */
const ONE = { f16: 0x0400, f32: 0x00800000 };

/** Only where there are any are they counted. */
function countNonFinite({ dtype, data }: Tensor<"f32"> | Tensor<"f16">): number {
  if (areFinite(dtype, data)) return 0;
  const bits = dtype === "f16" ? data : new Uint32Array(data.buffer, data.byteOffset, data.length);
  const exponent = EXPONENT[dtype];
  let count = 0;
  for (let i = 0; i < bits.length; i++) if ((bits[i] & exponent) === exponent) count++;
  return count;
}

const kernel = loadFiniteKernel();

/** @returns false, too, when that is not known */
function areFinite(dtype: "f32" | "f16", data: Float32Array | Uint16Array): boolean {
  if (!kernel) return false;
  const all = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const window = new Uint8Array(kernel.memory.buffer);
  const inBoth = dtype === "f16" ? 0x10001 : 1; // two halves in 32 bits
  for (let begin = 0; begin < all.length; begin += WINDOW) {
    const part = all.subarray(begin, begin + WINDOW);
    window.set(part);
    window.fill(0, part.length);
    if (kernel.find(part.length, EXPONENT[dtype] * inBoth, ONE[dtype] * inBoth) !== 0) return false;
  }
  return true;
}
