/** A seeded stream of random numbers; the same seed and label give the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1), with 32 random bits. */
  uniform(): number;
  /** Uniform integer in 0 … n − 1. */
  int(n: number): number;
  /** Standard normal (Box & Muller 1958). */
  normal(): number;
  /** 0 … n − 1 in random order (Fisher & Yates). */
  permutation(n: number): Uint32Array;
  /** Fills with uniform bytes. */
  bytes(into: Uint8Array): void;
}

/** An independent stream for each (seed, label): xoshiro128** (Blackman & Vigna 2018) started from a hash of both. */
export function random(seed: number, label: string): Random {
  const state = startState(seed, label);
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(state[1]!, 5), 7), 9) >>> 0;
    const t = state[1]! << 9;
    state[2]! ^= state[0]!;
    state[3]! ^= state[1]!;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= t;
    state[3] = rotate(state[3]!, 11);
    return result;
  };
  const uniform = () => next() / 2 ** 32;
  const int = (n: number) => Math.floor(uniform() * n);
  return {
    uniform,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    permutation: (n) => {
      const order = Uint32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = int(i + 1);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order;
    },
    bytes: (into) => {
      for (let i = 0; i < into.length; i += 4) {
        const word = next();
        for (let j = 0; j < 4 && i + j < into.length; j++) into[i + j] = word >>> (8 * j);
      }
    },
  };
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** FNV-1a over the label, spread over four words with SplitMix32 so that no state is all zero. */
function startState(seed: number, label: string): Uint32Array {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(label)) hash = Math.imul(hash ^ byte, 0x01000193);
  let mixed = (hash ^ Math.imul(seed, 0x9e3779b9)) >>> 0;
  return Uint32Array.from({ length: 4 }, () => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  });
}
