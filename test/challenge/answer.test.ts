import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAnswer, parseAnswer } from "../../src/challenge/answer.ts";
import { ALL_UNITS, ENTITIES, isEntity, type Unit } from "../../src/challenge/entities.ts";
import { InputError } from "../../src/util/errors.ts";

test("answers are read as the official checker reads them", () => {
  expect(parseAnswer("34 gram")).toEqual({ number: 34, unit: "gram" });
  expect(parseAnswer("  -0.5   fluid ounce ")).toEqual({ number: -0.5, unit: "fluid ounce" });
  expect(parseAnswer("12.0 centimeter")).toEqual({ number: 12, unit: "centimetre" });
  expect(parseAnswer("3 liter")).toEqual({ number: 3, unit: "litre" });
  expect(parseAnswer("10 feet")).toEqual({ number: 10, unit: "foot" });
  expect(parseAnswer("2 cubic feet")).toEqual({ number: 2, unit: "cubic foot" });
  expect(parseAnswer("")).toBeNull();
  expect(parseAnswer(" \n")).toBeNull();
  expect(parseAnswer("\x8534\u2003gram\x1c")).toEqual({ number: 34, unit: "gram" });
});

test.each([
  ["6.75 lbs", /"lbs" is no unit/],
  ["[100.0, 240.0] volt", /not of the form "x unit"/],
  ["10 kilogram to 15 kilogram", /not of the form/],
  ["2.2e+20 gram", /not of the form/],
  ["34gram", /not of the form/],
  ["\ufeff34 gram", /"\\ufeff34 gram": is not of the form/],
  ["\ufeff", /not of the form/],
  ["34\ufeffgram", /not of the form/],
  ["34", /not of the form/],
  [".5 gram", /not of the form/],
  ["1 fluid  ounce", /no unit/],
  ["1 horsepower", /no unit/],
  [`${"9".repeat(400)} gram`, /too large/],
])("%.40s is no answer", (text, message) => {
  expect(() => parseAnswer(text)).toThrow(InputError);
  expect(() => parseAnswer(text)).toThrow(message);
});

test("what is written is read back as the same number", () => {
  const answers = fc.record({
    number: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
    unit: fc.constantFrom(...ALL_UNITS) as fc.Arbitrary<Unit>,
  });
  fc.assert(
    fc.property(answers, (answer) => {
      expect(parseAnswer(formatAnswer(answer))).toEqual(answer);
    }),
  );
});

test("numbers are written without an exponent", () => {
  expect(formatAnswer({ number: 1.5e-7, unit: "gram" })).toBe("0.00000015 gram");
  expect(formatAnswer({ number: -2.25e21, unit: "volt" })).toBe("-2250000000000000000000 volt");
  expect(() => formatAnswer({ number: Number.NaN, unit: "gram" })).toThrow(RangeError);
});

test("there are eight entities, and no name of an object's own passes for one", () => {
  expect(ENTITIES).toHaveLength(8);
  expect(isEntity("item_weight")).toBe(true);
  expect(isEntity("toString")).toBe(false);
});
