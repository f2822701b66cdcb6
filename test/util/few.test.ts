import { expect, test } from "vitest";
import { few } from "../../src/util/few.ts";

test("a short list is given whole, a long one by its beginning and the number of the rest", () => {
  expect(few([])).toBe("");
  expect(few(["a", "b"])).toBe("a, b");
  expect(few(["a", "b", "c", "d"], 2)).toBe("a, b and 2 more");
});
