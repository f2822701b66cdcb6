import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type JsonTree,
  membersOf,
  mergeJson,
  parseJson,
  removeJson,
  setJson,
  writeJson,
} from "../../../src/track/upload/json-tree.ts";

const name = fc.string({ minLength: 1 }).filter((text) => text !== "__proto__");
const object = fc.dictionary(name, fc.jsonValue(), { maxKeys: 6 }).map((value) => JSON.parse(JSON.stringify(value)));

test("an object is found again member by member, however it is written", () => {
  fc.assert(
    fc.property(object, fc.constantFrom(undefined, 1, "\t"), (value, space) => {
      const members = membersOf(JSON.stringify(value, null, space))!;
      expect(Object.fromEntries(members.map(([key, text]) => [key, JSON.parse(text)]))).toEqual(value);
    }),
  );
});

test("a tree that is merged from an object is that object, on one line", () => {
  fc.assert(
    fc.property(object, (value) => {
      const tree: JsonTree = new Map();
      mergeJson(tree, [], JSON.stringify({ all: value }, null, 2));
      const text = writeJson(tree);
      expect(JSON.parse(text)).toEqual({ all: value });
      expect(text).not.toContain("\n");
    }),
  );
});

test("what is set is there until it is removed, and empty objects go with it", () => {
  const path = fc.array(name, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(path, fc.integer(), (where, value) => {
      const tree: JsonTree = new Map();
      setJson(tree, where, String(value));
      const found = where.reduce<unknown>(
        (at, key) => (at as Record<string, unknown>)[key],
        JSON.parse(writeJson(tree)),
      );
      expect(found).toBe(value);
      removeJson(tree, where);
      expect(tree.size).toBe(0);
    }),
  );
});

test("bare words are numbers, unless they stand in a text", () => {
  const text = '{"a":NaN,"b":-Infinity,"c":"NaN","d":["Infinity",Infinity],"NaN":1}';
  expect(parseJson(text)).toEqual({ a: Number.NaN, b: -Infinity, c: "NaN", d: ["Infinity", Infinity], NaN: 1 });
  expect(membersOf(text)!.map(([, value]) => value)).toEqual([
    "NaN",
    "-Infinity",
    '"NaN"',
    '["Infinity",Infinity]',
    "1",
  ]);
});

test("what is no object has no members", () => {
  for (const text of ["[1,2]", '"{}"', "1", "null", ""]) expect(membersOf(text)).toBeUndefined();
  expect(membersOf(" {} ")).toEqual([]);
});

test("texts of any length are taken whole, whatever is in them", () => {
  const text = `${'\\"{}[],: NaN '.repeat(2 ** 20)}\\`;
  const json = JSON.stringify({ text, next: 1 });
  expect(membersOf(json)).toEqual([
    ["text", JSON.stringify(text)],
    ["next", "1"],
  ]);
  expect(parseJson(json)).toEqual({ text, next: 1 });
});

test.each(["{a:1}", '{"\\x":1}', "{5:1}"])("what only looks like an object is none: %s", (text) => {
  expect(membersOf(text)).toBeUndefined();
});
