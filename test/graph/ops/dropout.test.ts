import { expect, test } from "vitest";
import { ShapeError } from "../../../src/graph/node.ts";
import { dropout, input } from "../../../src/graph/ops/index.ts";

const x = input("x", "f32", [2, 3]);
const noise = input("noise", "u8", [2, 3]);

test("a rate of 0 is no dropout, others are counted in 256ths", () => {
  expect(dropout(x, noise, 0)).toBe(x);
  expect(dropout(x, noise, 0.25).attrs).toEqual({ dropped: 64 });
});

test.each([0.001, 0.999])("a rate of %s, which would be none or all, is refused", (rate) => {
  expect(() => dropout(x, noise, rate)).toThrow(ShapeError);
  expect(() => dropout(x, noise, rate)).toThrow(`dropout: ${rate} is kept in 256ths`);
});
