import { InputError } from "../util/errors.ts";
import type { Tensor } from "../util/tensor.ts";

/** Refuses weights that no computation survives. `where` names file and tensor. @throws InputError with their count. */
export function requireFinite(where: string, weights: Tensor<"f32"> | Tensor<"f16">): void {
  const bad = countNonFinite(weights);
  if (bad === 0) return;
  const narrow = weights.dtype === "f16" ? ", or beyond fp16's ±65504" : "";
  throw new InputError(`${where}: ${bad} of ${weights.data.length} numbers are NaN or infinite${narrow}`, {
    hint: narrow ? "fetch or save the file again, or load it as fp32" : "fetch or save the file again",
  });
}

/**
 * NaN and infinity are the numbers whose exponent bits are all set: compared as integers, with no conversion. Only where there
 * are any are they counted.
 */
function countNonFinite({ dtype, data }: Tensor<"f32"> | Tensor<"f16">): number {
  if (dtype === "f16" && areFiniteHalves(data)) return 0;
  const bits = dtype === "f16" ? data : new Uint32Array(data.buffer, data.byteOffset, data.length);
  const exponent = dtype === "f16" ? 0x7c00 : 0x7f800000;
  let count = 0;
  for (let i = 0; i < bits.length; i++) if ((bits[i] & exponent) === exponent) count++;
  return count;
}

/** Two at a time: one more in the last place of an exponent whose bits are all set turns the bit of the sign on. */
function areFiniteHalves(halves: Uint16Array): boolean {
  if (halves.byteOffset % 4 !== 0) return false;
  const pairs = new Uint32Array(halves.buffer, halves.byteOffset, halves.length >> 1);
  let seen = 0;
  for (let i = 0; i < pairs.length; i++) seen |= (pairs[i] & 0x7c007c00) + 0x04000400;
  if (halves.length % 2 === 1) seen |= (halves[halves.length - 1] & 0x7c00) + 0x0400;
  return (seen & 0x80008000) === 0;
}
