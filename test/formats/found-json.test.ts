import { expect, test } from "vitest";
import { findJson } from "../../src/formats/found-json.ts";

test.each([
  ['{"a":1}', { a: 1 }],
  ['notice\n[{"a":[1]}]\n', [{ a: [1] }]],
  ['[notice] {new}\n{"a":1}\nbye', { a: 1 }],
  ["no brackets", undefined],
  ['{"a":', undefined],
  ["} {", undefined],
  ["", undefined],
])("the JSON in what was printed: %s", (text, expected) => {
  expect(findJson(text)).toEqual(expected);
});
