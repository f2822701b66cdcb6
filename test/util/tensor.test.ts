import { expect, test } from "vitest";
import { bytesOf } from "../../src/util/tensor.ts";

test("the bytes of numbers are their own place in memory, no more of it and no copy", () => {
  const numbers = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  const bytes = bytesOf(numbers);
  expect(Array.from(bytes)).toEqual([0, 0, 0, 0x40, 0, 0, 0x40, 0x40]);
  bytes[3] = 0xc0;
  expect(Array.from(numbers)).toEqual([-2, 3]);
});
