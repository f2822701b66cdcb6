import fc from "fast-check";
import { expect, test } from "vitest";
import { writeExtendedJson } from "../../src/formats/extended-json.ts";

test("what JSON can hold is written as JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      expect(JSON.parse(writeExtendedJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("numbers that JSON has not are bare words, wherever they stand", () => {
  expect(writeExtendedJson({ a: [Number.NaN, { b: -Infinity }], c: Infinity })).toBe(
    '{"a":[NaN,{"b":-Infinity}],"c":Infinity}',
  );
});

test("what has no JSON is left out of objects and null elsewhere", () => {
  expect(writeExtendedJson({ a: undefined, b: [undefined], c: null })).toBe('{"b":[null],"c":null}');
  expect(writeExtendedJson(undefined)).toBe("null");
});
