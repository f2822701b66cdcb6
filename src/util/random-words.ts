import type { RandomState } from "./random.ts";

/**
 * Fills `words` with the next numbers of a stream, those that as many calls of `Random.bits` give, in a quarter of their
 * time. Returns the state behind them.
 */
export function fillWords(words: Uint32Array, state: RandomState): RandomState {
  let [a, b, c, d] = state;
  for (let i = 0; i < words.length; i++) {
    words[i] = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
  }
  return [a, b, c, d];
}

/**
 * Leads a state past as many numbers as `2 ** doublings`, without drawing them. A step changes the 128 bits of a state by a
 * linear map over GF(2) (Blackman and Vigna 2018, section 9), so that the map of twice the steps is its square.
 */
export function jumpOver(doublings: number): (state: RandomState) => RandomState {
  let map = BITS.map((bit) => fillWords(new Uint32Array(1), bit));
  for (let i = 0; i < doublings; i++) map = map.map((image) => apply(map, image));
  return (state) => apply(map, state);
}

/** The states of which one bit is set. */
const BITS = Array.from({ length: 128 }, (_, i): RandomState => {
  const words: [number, number, number, number] = [0, 0, 0, 0];
  words[i >>> 5] = 1 << (i & 31);
  return words;
});

/** @param map the image of each of {@link BITS} */
function apply(map: readonly RandomState[], state: RandomState): RandomState {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (const [i, image] of map.entries()) {
    if (((state[i >>> 5]! >>> (i & 31)) & 1) === 0) continue;
    a ^= image[0];
    b ^= image[1];
    c ^= image[2];
    d ^= image[3];
  }
  return [a, b, c, d];
}

const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));
