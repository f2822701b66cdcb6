import { expect, test } from "vitest";
import { memo, ownCopy } from "../../src/util/memo.ts";

test("a text is looked into once, until there is no more room", () => {
  const asked: string[] = [];
  const length = memo((text: string) => {
    asked.push(text);
    return text.length;
  }, 2);
  expect(["a", "bb", "a", "bb"].map(length)).toEqual([1, 2, 1, 2]);
  expect(asked).toEqual(["a", "bb"]);
  expect(["ccc", "ccc", "a"].map(length)).toEqual([3, 3, 1]);
  expect(asked).toEqual(["a", "bb", "ccc", "a"]);
});

test("a copy is the same text, whatever its letters", () => {
  for (const text of ["", "gram", "é😀", "\ud800"]) expect(ownCopy(text)).toBe(text);
});
