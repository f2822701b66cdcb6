import { ALIGN_1, constant, get, I32, loadKernel, loop, repeatIf, set, tee, V128, vector } from "../util/wasm.ts";

/**
 * A conversion of sixteen-bit floats as a WebAssembly module, four numbers at a time. In its terms, `convert` is
 *
 *     target = TARGET
 *     for (source = 0; source < end; source += 4 numbers, target += 4 numbers) *target = converted(*source)
 */
export interface HalfKernel {
  readonly memory: WebAssembly.Memory;
  /** Converts the numbers from address 0 to `end`, in bytes, and up to three more; they lie from {@link TARGET} on. */
  convert(end: number): void;
}

/** How many numbers there are at most: before and after they stay in a core's cache. */
export const WINDOW = 2 ** 14;
/**
 * Half a page of memory off: Zen 3 copies twelve times as slowly to where a page is a little further in than from where it comes,
 * and large arrays lie 16 bytes in.
 */
export const TARGET = 4 * WINDOW + 2048;
const PAGES = 3;

const [END, FROM, TO, X, MAGNITUDE] = Array(5).keys();

const [add, ltU] = [[0x6a], [0x49]];
const load = vector(0x00, ALIGN_1, 0);
const loadHalves = vector(0x04, ALIGN_1, 0); // with zeros above each
const store = vector(0x0b, ALIGN_1, 0);
const storeHalves = vector(0x5b, ALIGN_1, 0, 0);
const [and, or, select] = [vector(0x4e), vector(0x50), vector(0x52)];
const i32x4 = { gtS: vector(0x3b), shl: vector(0xab), shrU: vector(0xad), add: vector(0xae) };
const f32x4 = { add: vector(0xe4), mul: vector(0xe6) };
const narrowI32x4 = vector(0x86);

function four(bits: number): number[] {
  const bytes = new Uint8Array(Int32Array.of(bits).buffer);
  return vector(0x0c, ...bytes, ...bytes, ...bytes, ...bytes);
}
const shiftedLeft = (x: number[], by: number) => [...x, ...constant(by), ...i32x4.shl];
const shiftedRight = (x: number[], by: number) => [...x, ...constant(by), ...i32x4.shrU];
const masked = (x: number[], bits: number) => [...x, ...four(bits), ...and];
const sum = (x: number[], y: number[]) => [...x, ...y, ...i32x4.add];
const either = (test: number[], then: number[], otherwise: number[]) => [...then, ...otherwise, ...test, ...select];
const above = (x: number[], bits: number) => [...x, ...four(bits), ...i32x4.gtS];

const [F32_INFINITY, F16_INFINITY, F16_NAN] = [0x7f800000, 0x7c00, 0x7e00];
const [TWO_TO_16, TWO_TO_MINUS_14, TWO_TO_112, HALF] = [0x47800000, 0x38800000, 0x77800000, 0x3f000000];
const BIAS_GAP = 112 << 23;

/** bf16 → fp32. */
const WIDEN_BF16 = shiftedLeft(get(X), 16);

/** fp16 → fp32: exponent and fraction in their new places, and what the exponent is short of as a product. */
const WIDEN_F16 = [
  [...shiftedLeft(masked(get(X), 0x7fff), 13), ...set(MAGNITUDE)],
  [...get(MAGNITUDE), ...four(TWO_TO_112), ...f32x4.mul],
  [...masked(above(get(MAGNITUDE), (F16_INFINITY << 13) - 1), F32_INFINITY), ...or],
  [...shiftedLeft(masked(get(X), 0x8000), 16), ...or],
].flat();

/** A fraction whose last place is 2⁻²⁴, that of a subnormal half, is what fp32 has beside a half: its sum rounds as wanted. */
const SUBNORMAL = sum([...get(MAGNITUDE), ...four(HALF), ...f32x4.add], four(-HALF));
/** As in half.ts. */
const NORMAL = shiftedRight(
  sum(sum(get(MAGNITUDE), four(0xfff - BIAS_GAP)), masked(shiftedRight(get(MAGNITUDE), 13), 1)),
  13,
);
const BEYOND = either(above(get(MAGNITUDE), F32_INFINITY), four(F16_NAN), four(F16_INFINITY));

/** fp32 → fp16, to nearest, ties to even; the halves twice, for they are half as many bytes. */
const NARROW_F16 = [
  [...masked(get(X), 0x7fffffff), ...set(MAGNITUDE)],
  either(
    above(get(MAGNITUDE), TWO_TO_16 - 1),
    BEYOND,
    either(above(get(MAGNITUDE), TWO_TO_MINUS_14 - 1), NORMAL, SUBNORMAL),
  ),
  [...masked(shiftedRight(get(X), 16), 0x8000), ...or],
  [...tee(X), ...get(X), ...narrowI32x4],
].flat();

const CONVERSIONS = {
  bf16ToF32: { widens: true, formula: WIDEN_BF16 },
  f16ToF32: { widens: true, formula: WIDEN_F16 },
  f32ToF16: { widens: false, formula: NARROW_F16 },
};

export type ConversionName = keyof typeof CONVERSIONS;

/** @returns undefined where WebAssembly has no vectors */
export function loadHalfKernel(name: ConversionName): HalfKernel | undefined {
  const { widens, formula } = CONVERSIONS[name];
  const [loadFour, loaded] = widens ? [loadHalves, 8] : [load, 16];
  const [storeFour, stored] = widens ? [store, 16] : [storeHalves, 8];
  const body = [
    [...constant(TARGET), ...set(TO)],
    loop(
      [...get(FROM), ...loadFour, ...set(X), ...get(TO), ...formula, ...storeFour],
      [...get(TO), ...constant(stored), ...add, ...set(TO)],
      [...get(FROM), ...constant(loaded), ...add, ...tee(FROM), ...get(END), ...ltU, ...repeatIf],
    ),
  ].flat();
  return loadKernel<HalfKernel>({
    ...{ name: "convert", parameters: 1, results: 0, body, pages: PAGES },
    locals: [
      [2, I32], // FROM, TO
      [2, V128], // X, MAGNITUDE
    ],
  });
}
