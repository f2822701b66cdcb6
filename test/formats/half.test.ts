import fc from "fast-check";
import { expect, test, vi } from "vitest";
import * as vectors from "../../src/formats/half.ts";
import { WINDOW } from "../../src/formats/half-kernel.ts";

const { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } = vectors;

async function loadWithoutVectors(): Promise<typeof vectors> {
  const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  vi.resetModules();
  try {
    return await import("../../src/formats/half.ts");
  } finally {
    validate.mockRestore();
  }
}
const plain = await loadWithoutVectors();

const everyHalf = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

/** The definition of binary16, in float64. */
function meaning(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}

test("every half means what IEEE 754 says", () => {
  const got = f16ToF32(everyHalf);
  expect(everyHalf.filter((h) => !Object.is(got[h], meaning(h)))).toEqual(new Uint16Array(0));
});

test("every half survives the way to fp32 and back, a NaN as some NaN", () => {
  const back = f32ToF16(f16ToF32(everyHalf));
  expect(everyHalf.filter((h) => back[h] !== h && !Number.isNaN(meaning(h)))).toEqual(new Uint16Array(0));
  expect(everyHalf.filter((h) => Number.isNaN(meaning(h)) !== Number.isNaN(meaning(back[h])))).toEqual(
    new Uint16Array(0),
  );
});

test("every bfloat16 survives the way to fp32 and back", () => {
  const wide = bf16ToF32(everyHalf);
  const back = f32ToBf16(wide);
  expect(everyHalf.filter((h) => back[h] !== h && !Number.isNaN(wide[h]))).toEqual(new Uint16Array(0));
  expect(everyHalf.filter((h) => Number.isNaN(wide[h]) && !Number.isNaN(bf16ToF32(back)[h]))).toEqual(
    new Uint16Array(0),
  );
});

/** Neighbours of `x` on a grid of sixteen-bit floats: rounding picks the nearer, on a tie the even one. */
function nearestEven(x: number, bits: number, value: (bits: number) => number): void {
  const gap = Math.abs(value(bits) - x);
  for (const other of [bits - 1, bits + 1]) {
    if (((other ^ bits) & 0x8000) !== 0 || !Number.isFinite(value(other))) continue;
    const otherGap = Math.abs(value(other) - x);
    expect(
      gap < otherGap || (gap === otherGap && bits % 2 === 0),
      `${x} became ${value(bits)}, not ${value(other)}`,
    ).toBe(true);
  }
}

const magnitudes = fc.tuple(fc.float({ min: -2, max: 2, noNaN: true }), fc.integer({ min: -27, max: 14 }));

test("fp32 rounds to the nearest half, ties to even", () => {
  fc.assert(
    fc.property(magnitudes, ([x, power]) => {
      const number = Math.fround(x * 2 ** power);
      nearestEven(number, f32ToF16(Float32Array.of(number))[0], meaning);
    }),
    { numRuns: 5000 },
  );
});

test("ties between halves go to the even one, subnormal and normal", () => {
  const ties = Float32Array.from(everyHalf.slice(0, 0x7bff), (h) => (meaning(h) + meaning(h + 1)) / 2);
  expect(f32ToF16(ties)).toEqual(Uint16Array.from(ties, (_, h) => h + (h & 1)));
});

test("fp32 rounds to the nearest bfloat16, ties to even", () => {
  const value = (bits: number) => bf16ToF32(Uint16Array.of(bits))[0];
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true, max: 2 ** 120, min: -(2 ** 120) }), (x) => {
      nearestEven(x, f32ToBf16(Float32Array.of(x))[0], value);
    }),
    { numRuns: 2000 },
  );
});

test("overflow becomes infinity, underflow zero, both with their sign", () => {
  const edges = Float32Array.of(
    65504,
    65519.996,
    65520,
    -70000,
    Infinity,
    2 ** -25,
    2 ** -25 * 1.0001,
    -(2 ** -26),
    1e-45,
  );
  expect([...f32ToF16(edges)]).toEqual([0x7bff, 0x7bff, 0x7c00, 0xfc00, 0x7c00, 0, 1, 0x8000, 0]);
});

test("a view into a larger buffer is read where it lies", () => {
  const pool = Float32Array.of(9, 1, 2, 9);
  expect([...f32ToF16(pool.subarray(1, 3))]).toEqual([0x3c00, 0x4000]);
});

const bitsOf = (numbers: Float32Array) => new Uint32Array(numbers.buffer);

test("every sixteen-bit float widens bit for bit as without vectors, NaN too", () => {
  expect(bitsOf(f16ToF32(everyHalf))).toEqual(bitsOf(plain.f16ToF32(everyHalf)));
  expect(bitsOf(bf16ToF32(everyHalf))).toEqual(bitsOf(plain.bf16ToF32(everyHalf)));
});

test("fp32 becomes the halves that it becomes without vectors: at each exponent, around each tie, NaN and infinity", () => {
  const exponents = Array.from({ length: 512 }, (_, e) => e << 23);
  const fractions = [
    0, 1, 0xfff, 0x1000, 0x1001, 0x1fff, 0x2000, 0x3000, 0x3fffff, 0x400000, 0x7fefff, 0x7ff000, 0x7fffff,
  ];
  const bits = Uint32Array.from(exponents.flatMap((exponent) => fractions.map((fraction) => exponent | fraction)));
  const numbers = new Float32Array(bits.buffer);
  expect(f32ToF16(numbers)).toEqual(plain.f32ToF16(numbers));
  fc.assert(
    fc.property(fc.uint32Array({ maxLength: 100 }), (bits) => {
      const numbers = new Float32Array(Uint32Array.from(bits).buffer);
      expect(f32ToF16(numbers)).toEqual(plain.f32ToF16(numbers));
    }),
  );
});

test.each([0, 1, 3, 5, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW + 3])(
  "%i numbers are converted, no more",
  (length) => {
    const halves = Uint16Array.from({ length }, (_, i) => i % 0x7c00);
    const out = new Float32Array(length + 4).fill(9);
    expect(f16ToF32(halves, out.subarray(0, length))).toEqual(plain.f16ToF32(halves));
    expect([...out.subarray(length)]).toEqual([9, 9, 9, 9]);
    expect(f32ToF16(out.subarray(0, length))).toEqual(halves);
    expect(bf16ToF32(halves)).toEqual(plain.bf16ToF32(halves));
  },
);
