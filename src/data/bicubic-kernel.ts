import { ALIGN_4, constant, encodeKernel, get, I32, loop, repeatIf, set, tee, V128, vector } from "../util/wasm.ts";
import { FRACTION_BITS } from "./bicubic.ts";

/**
 * The inner loop of a resize as a WebAssembly module: the colours of a pixel in lanes of a vector
 * (a photograph's pixel has three; the fourth lane then holds what no one reads). Plain
 * JavaScript gives the same bytes in four times the time. In its terms, `blend` is
 *
 *     do {
 *       let [p, bytes, ...weights] = entry; p += source
 *       sum = [½, ½, ½, ½]
 *       for (weight of weights) { sum += weight · colours(p); p += step }
 *       target[0] = saturate(sum); target += 4
 *       source += advance; entry += entryStride
 *     } while (target < end)
 *
 * where all arguments are byte addresses or byte distances.
 */
export interface BicubicKernel {
  readonly memory: WebAssembly.Memory;
  blend(
    target: number,
    end: number,
    source: number,
    advance: number,
    step: number,
    entry: number,
    entryStride: number,
  ): void;
}

const [TARGET, END, SOURCE, ADVANCE, STEP, ENTRY, ENTRY_STRIDE, P, W, LAST, SUM] = Array(11).keys();

const add = [0x6a];
const lessThanUnsigned = [0x49];
const loadI32 = (offset: number) => [0x28, ALIGN_4, offset];
const load32Zero = vector(0x5c, ALIGN_4, 0);
const load32Splat = vector(0x09, ALIGN_4, 0);
const store32Lane0 = vector(0x5a, ALIGN_4, 0, 0);
const i32x4 = { splat: vector(0x11), add: vector(0xae), mul: vector(0xb5), shrS: vector(0xac) };
const widenBytes = [...vector(0x89), ...vector(0xa9)]; // u8 → u16 → u32
const narrowToI16 = vector(0x85);
const narrowToU8 = vector(0x66);

const increase = (local: number, by: number[]) => [...get(local), ...by, ...add];

const BLEND = loop(
  [...constant(1 << (FRACTION_BITS - 1)), ...i32x4.splat, ...set(SUM)],
  [...get(SOURCE), ...get(ENTRY), ...loadI32(0), ...add, ...set(P)],
  [...increase(ENTRY, constant(8)), ...tee(W), ...get(ENTRY), ...loadI32(4), ...add, ...set(LAST)],
  loop(
    [...get(SUM), ...get(P), ...load32Zero, ...widenBytes, ...get(W), ...load32Splat, ...i32x4.mul],
    [...i32x4.add, ...set(SUM)],
    [...increase(P, get(STEP)), ...set(P)],
    [...increase(W, constant(4)), ...tee(W), ...get(LAST), ...lessThanUnsigned, ...repeatIf],
  ),
  [...get(TARGET), ...get(SUM), ...constant(FRACTION_BITS), ...i32x4.shrS],
  [...get(SUM), ...narrowToI16, ...get(SUM), ...narrowToU8, ...store32Lane0],
  [...increase(SOURCE, get(ADVANCE)), ...set(SOURCE)],
  [...increase(ENTRY, get(ENTRY_STRIDE)), ...set(ENTRY)],
  [...increase(TARGET, constant(4)), ...tee(TARGET), ...get(END), ...lessThanUnsigned, ...repeatIf],
);

/** The module, to be instantiated as {@link BicubicKernel} in any thread. */
export function compileBicubicKernel(): WebAssembly.Module {
  return new WebAssembly.Module(
    encodeKernel({
      ...{ name: "blend", parameters: 7, results: 0, body: BLEND, pages: 1 },
      locals: [
        [3, I32], // P, W, LAST
        [1, V128], // SUM
      ],
    }),
  );
}
