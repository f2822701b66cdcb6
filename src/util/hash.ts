const encoder = new TextEncoder();
const scratch = new Uint8Array(1024);

/**
 * A number from 0 inclusive to 1 exclusive that follows from the text alone, spread as evenly as chance would: MurmurHash3
 * (Appleby, x86 32 bits) of its UTF-8 bytes by two seeds, 53 bits of them as a fraction. Among a million texts two share a
 * number with a chance of 1 in 18,000. Not for secrets: whoever wants a text with a given number can make one.
 */
export function hashFraction(text: string): number {
  const { read, written } = encoder.encodeInto(text, scratch);
  const bytes = read === text.length ? scratch : encoder.encode(text);
  const length = read === text.length ? written : bytes.length;
  return ((murmur3(bytes, length, 0) >>> 0) * 2 ** 21 + (murmur3(bytes, length, 0x9e3779b9) >>> 11)) / 2 ** 53;
}

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
