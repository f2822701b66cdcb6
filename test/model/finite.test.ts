import { expect, test } from "vitest";
import { f32ToF16 } from "../../src/formats/half.ts";
import { requireFinite } from "../../src/model/finite.ts";
import { WINDOW } from "../../src/model/finite-kernel.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";

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

test.each([
  ["f16", 0x7c00],
  ["f32", 0x7f800000],
] as const)(
  "a long %s tensor has each number looked at, that at the window's edges and the last",
  (dtype, infinity) => {
    const width = dtype === "f16" ? 2 : 4;
    const inWindow = WINDOW / width;
    const length = 2 * inWindow + 3;
    const bits = dtype === "f16" ? new Uint16Array(length) : new Uint32Array(length);
    const data = dtype === "f16" ? bits : new Float32Array(bits.buffer);
    const check = () => requireFinite("w", { dtype, shape: [length], data } as Tensor<"f16"> | Tensor<"f32">);
    expect(check).not.toThrow();
    for (const at of [0, 7, 8, inWindow - 1, inWindow, 2 * inWindow - 1, 2 * inWindow, length - 1]) {
      bits[at] = infinity;
      expect(check).toThrow(`w: 1 of ${length} numbers`);
      bits[at] = 0;
      expect(check).not.toThrow();
    }
  },
);

test("a single bit less than infinity is finite, at either sign", () => {
  const bits = Uint32Array.of(0x7f7fffff, 0xff7fffff, 0x7f7f7fff, 0x3fffffff, 0xffff & 0x7f80);
  expect(() => requireFinite("w", tensor("f32", [bits.length], new Float32Array(bits.buffer)))).not.toThrow();
});
