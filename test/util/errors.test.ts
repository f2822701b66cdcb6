import { expect, test } from "vitest";
import { InputError, ifValid } from "../../src/util/errors.ts";

test("what is found of valid input is given, and nothing of what is none", () => {
  expect(ifValid(() => 34)).toBe(34);
  const refuse = (): number => {
    throw new InputError("labels.csv: line 3: there is no value");
  };
  expect(ifValid(refuse)).toBeUndefined();
});

test("a fault of the program is none of its input", () => {
  const fail = () => {
    throw new TypeError("x is not a function");
  };
  expect(() => ifValid(fail)).toThrow(TypeError);
});
