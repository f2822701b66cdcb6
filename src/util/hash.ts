const encoder = new TextEncoder();
const scratch = new Uint8Array(1024);

/** A number from 0 inclusive to 1 exclusive that follows from the text alone, spread as evenly as chance would. */
export type TextHash = (text: string) => number;

/**
 * A hash of its own for each label: MurmurHash3 (Appleby, x86 32 bits) of the UTF-8 bytes, twice, with seeds that are the
 * label's own hashes; 53 bits of the two as a fraction. Among a million texts two share a number with a chance of 1 in
 * 18,000. Not for secrets: whoever wants a text with a given number can make one.
 */
export function textHash(label: string): TextHash {
  const [high, low] = [hashBytes(label, 0), hashBytes(label, 0x9e3779b9)];
  return (text) => {
    const { read, written } = encoder.encodeInto(text, scratch);
    if (read < text.length) return toFraction(hashBytes(text, high), hashBytes(text, low));
    return toFraction(murmur3(scratch, written, high), murmur3(scratch, written, low));
  };
}

function hashBytes(text: string, seed: number): number {
  const bytes = encoder.encode(text);
  return murmur3(bytes, bytes.length, seed);
}

const toFraction = (high: number, low: number) => ((high >>> 0) * 2 ** 21 + (low >>> 11)) / 2 ** 53;

/** The first `length` of `bytes`. As a signed number of 32 bits. */
function murmur3(bytes: Uint8Array, length: number, seed: number): number {
  let h = seed;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    h ^= scramble(bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = length - 1; i >= whole; i--) tail = (tail << 8) | bytes[i];
  return finish(h ^ (length > whole ? scramble(tail) : 0) ^ length);
}

function scramble(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
