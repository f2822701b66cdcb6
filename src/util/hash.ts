/**
 * A number from 0 inclusive to 1 exclusive that follows from the text alone, spread as evenly as chance would: two 32-bit
 * lanes over the UTF-16 units, each multiplied and xored as in FNV-1a (Fowler, Noll and Vo), closed by the finaliser of
 * MurmurHash3 (Appleby). 53 bits; among a million texts two share a number with a chance of 1 in 18,000. Not for secrets:
 * whoever wants a text with a given number can make one.
 */
export function hashFraction(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b ^= b >>> 15; // without it the low bits of the lane would never see the high ones
  }
  const [high, low] = [finish(a ^ (b >>> 16)), finish(b ^ text.length)];
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/** MurmurHash3's fmix32: each bit of the input changes half of the bits of the result. */
function finish(bits: number): number {
  let h = bits ^ (bits >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
