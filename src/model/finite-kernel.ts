import { ALIGN_1, constant, get, I32, loadKernel, loop, repeatIf, set, tee, V128, vector } from "../util/wasm.ts";

/**
 * Looks for numbers that are not finite, as a WebAssembly module, 16 bytes at a time. In its terms, `find` is
 *
 *     seen = 0
 *     for (source = 0; source < end; source += 16) seen |= (bytes at source & exponent) + one   // as eight numbers of 16 bits
 *     return the signs of seen
 *
 * One more in the last place of an exponent whose bits are all set turns the bit of the sign on.
 */
export interface FiniteKernel {
  readonly memory: WebAssembly.Memory;
  /**
   * @param exponent the bits of an exponent, of one number or two, in 32 bits
   * @param one the last place of each
   * @returns 0 when each number before the byte `end` is finite
   */
  find(end: number, exponent: number, one: number): number;
}

/** How many bytes it sees at once, from address 0 on: what stays in a core's cache. */
export const WINDOW = 2 ** 16;

const [END, EXPONENT, ONE, SOURCE, EXPONENTS, ONES, SEEN] = Array(7).keys();

const [add, ltU] = [[0x6a], [0x49]];
const v128 = { load: vector(0x00, ALIGN_1, 0), and: vector(0x4e), or: vector(0x50) };
const splat = vector(0x11);
const i16x8 = { add: vector(0x8e), bitmask: vector(0x84) };

const FIND = [
  [...get(EXPONENT), ...splat, ...set(EXPONENTS), ...get(ONE), ...splat, ...set(ONES)],
  loop(
    [...get(SOURCE), ...v128.load, ...get(EXPONENTS), ...v128.and, ...get(ONES), ...i16x8.add],
    [...get(SEEN), ...v128.or, ...set(SEEN)],
    [...get(SOURCE), ...constant(16), ...add, ...tee(SOURCE), ...get(END), ...ltU, ...repeatIf],
  ),
  [...get(SEEN), ...i16x8.bitmask],
].flat();

/** @returns undefined where WebAssembly has no vectors */
export function loadFiniteKernel(): FiniteKernel | undefined {
  return loadKernel<FiniteKernel>({
    ...{ name: "find", parameters: 3, results: 1, body: FIND, pages: WINDOW / 2 ** 16 },
    locals: [
      [1, I32], // SOURCE
      [3, V128], // EXPONENTS, ONES, SEEN
    ],
  });
}
