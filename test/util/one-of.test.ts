import { expect, test } from "vitest";
import { InputError } from "../../src/util/errors.ts";
import { requireOneOf, requireSomeOf } from "../../src/util/one-of.ts";

const CHOICES = ["fp32", "fp16", "q8"];

test("a value that is none of the choices is told with the one that it is like", () => {
  expect(() => requireOneOf("dtype", "fp16", CHOICES)).not.toThrow();
  expect(() => requireOneOf("dtype", "pf16", CHOICES)).toThrow(InputError);
  expect(() => requireOneOf("dtype", "pf16", CHOICES)).toThrow(
    expect.objectContaining({ hint: 'did you mean "fp16"?' }),
  );
  for (const odd of [undefined, null, 7, "toString"]) {
    expect(() => requireOneOf("dtype", odd, CHOICES)).toThrow(`dtype: there is no "${odd}"`);
  }
});

test("of several values each is one of the choices, and there is one at least", () => {
  expect(() => requireSomeOf("dtypes", ["fp32", "q8"], CHOICES)).not.toThrow();
  expect(() => requireSomeOf("dtypes", ["fp32", "int8"], CHOICES)).toThrow('dtypes: there is no "int8"');
  for (const odd of [[], "fp32", undefined]) {
    expect(() => requireSomeOf("dtypes", odd as string[], CHOICES)).toThrow("dtypes: names none");
  }
});
