import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance, nearestName, suggestName } from "../../src/util/near-name.ts";

describe("edit distance", () => {
  test.each([
    ["rank", "rank", 0],
    ["rnak", "rank", 1],
    ["", "rank", 4],
    ["targts", "targets", 1],
    ["kitten", "sitting", 3],
  ])("%s → %s is %i", (a, b, distance) => expect(editDistance(a, b)).toBe(distance));

  test("is symmetric, and zero for equal words alone", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});

describe("near name", () => {
  const names = ["rank", "alpha", "dropout", "targets"];
  test("finds a misspelt name whatever its case", () => {
    expect(nearestName("RNAK", names)).toBe("rank");
    expect(nearestName("drop_out", names)).toBe("dropout");
  });
  test("stays silent when nothing is near", () => expect(nearestName("zebra", names)).toBeUndefined());
  test("a suggestion names the near one, or all", () => {
    expect(suggestName("alhpa", names)).toBe('did you mean "alpha"?');
    expect(suggestName("zebra", ["a", "b"])).toBe("there are: a, b");
    expect(suggestName("zebra", [])).toBe("there are none");
  });
});
