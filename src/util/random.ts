/** The whole state of a generator: four 32-bit words, not all zero. Plain data, for a checkpoint. */
export type RandomState = readonly [number, number, number, number];

/**
 * The stream `label` of a 32-bit `seed`. Same seed and label, same numbers on every machine; every label is a stream of
 * its own, so drawing more from one never shifts another.
 */
export function random(seed: number, label: string): Random {
  const next = splitmix32(hash(`${seed >>> 0} ${label}`));
  return new Random([next(), next(), next(), next()]);
}

/** A generator of random numbers: xoshiro128** (Blackman and Vigna 2018). `new Random(state)` goes on from a saved state. */
export class Random {
  readonly #state: [number, number, number, number];

  constructor(state: RandomState) {
    this.#state = [...state];
  }

  get state(): RandomState {
    return [...this.#state];
  }

  /** A whole number from 0 to 2³² − 1. */
  bits(): number {
    const s = this.#state;
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11);
    return result;
  }

  /** From 0 inclusive to 1 exclusive, 53 random bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
  }

  /** A whole number from 0 to n − 1, each as likely as the others; n from 1 to 2³². */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`Random.int: ${n} is not from 1 to 2^32`);
    const limit = 2 ** 32 - (2 ** 32 % n); // what lies above would favour small numbers
    let draw = this.bits();
    while (draw >= limit) draw = this.bits();
    return draw % n;
  }

  /** Fills `target` with random bytes. */
  bytes(target: Uint8Array): void {
    for (let i = 0, word = 0; i < target.length; i++, word >>>= 8) {
      if (i % 4 === 0) word = this.bits();
      target[i] = word;
    }
  }

  /** Standard normal (Box and Muller 1958; its second number is dropped, so that the state is all there is). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** The numbers from 0 to n − 1 in random order (Fisher and Yates). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));

/** FNV-1a (Fowler, Noll and Vo) over UTF-16 units. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Spreads one word over the words of a state, as xoshiro's authors advise. */
function splitmix32(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x9e3779b9) | 0;
    let t = a ^ (a >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
}
