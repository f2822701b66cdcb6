import fc from "fast-check";
import { expect, test } from "vitest";
import { NumberList } from "../../src/util/number-list.ts";

test("numbers come back in their order, sorted, and counted", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 10_000, size: "max" }), (numbers) => {
      const list = new NumberList();
      for (const number of numbers) list.push(number);
      expect(list.length).toBe(numbers.length);
      expect(numbers.every((number, i) => list.at(i) === number)).toBe(true);
      expect([...list.sorted()]).toEqual(numbers.toSorted((a, b) => a - b));
      expect(list.countDistinct()).toBe(new Set(numbers).size);
    }),
    { numRuns: 30 },
  );
});
