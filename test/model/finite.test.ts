import { expect, test } from "vitest";
import { f32ToF16 } from "../../src/formats/half.ts";
import { requireFinite } from "../../src/model/finite.ts";
import { tensor } from "../../src/util/tensor.ts";

const halves = (numbers: readonly number[]) => tensor("f16", [numbers.length], f32ToF16(Float32Array.from(numbers)));

test("every finite half is let through, at even and odd lengths and places", () => {
  const finite = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
  for (const part of [finite, finite.subarray(1), finite.subarray(0, finite.length - 1), finite.subarray(1, 2)]) {
    expect(() => requireFinite("w", tensor("f16", [part.length], part))).not.toThrow();
  }
});

test("a number that is not finite is found wherever it stands, and counted", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const at of [0, 1, 3, 4]) {
      const numbers = [65504, -65504, 0, 1, 2].map((number, i) => (i === at ? bad : number));
      expect(() => requireFinite("file: w", halves(numbers))).toThrow("file: w: 1 of 5 numbers are NaN or infinite");
      expect(() => requireFinite("w", tensor("f32", [5], Float32Array.from(numbers)))).toThrow("1 of 5");
    }
  }
});
