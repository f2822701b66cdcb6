import { expect, test } from "vitest";
import { cut, harmless } from "../../src/util/cut.ts";

test.each([
  ["12 inch", "12 inch"],
  ["abcdefghij", "abcdefghij"],
  ["abcdefghijk", "abcdefghi…"],
  ["😀".repeat(10), "😀".repeat(10)],
  ["😀".repeat(11), `${"😀".repeat(9)}…`],
  ["", "(empty)"],
  [" \n", "(empty)"],
  ["a\tb\u001bc\u202ed", "a\ufffdb\ufffdc\ufffdd"],
])("%j in ten characters is %j", (text, short) => {
  expect(cut(text, 10)).toBe(short);
});

test("text of others steers no terminal, and keeps its lines", () => {
  expect(harmless("a\u001b[31mb\nc\u202ed")).toBe("a\ufffd[31mb\nc\ufffdd");
});
