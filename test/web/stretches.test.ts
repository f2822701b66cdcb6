import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Stretches, together } from "../../src/web/stretches.ts";

type Line = Readonly<Record<string, number>>;

/** Stretches of lines, each `10` bytes long. */
function stretch(lines: readonly Line[], options?: { most?: number; width?: number }) {
  const names: string[] = [];
  const stretches = new Stretches(names, options);
  lines.forEach((line, i) => {
    for (const name of Object.keys(line)) if (!names.includes(name)) names.push(name);
    const columns = Int32Array.from(Object.keys(line), (name) => names.indexOf(name));
    const values = Float64Array.from(names, (name) => line[name] ?? Number.NaN);
    stretches.add(10 * i, { names, columns, values });
  });
  return stretches;
}

test("up to the most there may be, each line is a stretch", () => {
  const stretches = stretch([{ loss: 3 }, { loss: 1 }, { loss: 2 }], { most: 4 });
  const { count, sum, least, greatest, last, min, max } = stretches.column("loss")!;
  expect(stretches).toMatchObject({ width: 1, length: 3, lines: 3 });
  expect([...count.subarray(0, 3)]).toEqual([1, 1, 1]);
  expect([sum, least, greatest].map((numbers) => [...numbers.subarray(0, 3)])).toEqual(Array(3).fill([3, 1, 2]));
  expect({ last, min, max }).toEqual({ last: 2, min: 1, max: 3 });
  expect(stretches.column("lr")).toBeUndefined();
});

test("no spike is lost and no sum is off, however many lines there are", () => {
  const line = fc.record(
    { loss: fc.integer({ min: -1000, max: 1000 }), eval_f1: fc.integer({ min: 0, max: 9 }) },
    { requiredKeys: ["loss"] },
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 200 }), (lines) => {
      const stretches = stretch(lines as Line[], { most: 8 });
      const { width, length } = stretches;
      expect(length).toBe(Math.ceil(lines.length / width));
      expect(length).toBeLessThanOrEqual(8);
      expect([...stretches.begins.subarray(0, length)]).toEqual(Array.from({ length }, (_, i) => 10 * width * i));
      for (const name of ["loss", "eval_f1"] as const) {
        const column = stretches.column(name);
        for (let i = 0; i < length; i++) {
          const values = lines.slice(i * width, (i + 1) * width).flatMap((one) => one[name] ?? []);
          if (values.length === 0) expect(column?.count[i] ?? 0).toBe(0);
          else {
            expect([column!.count[i], column!.sum[i]]).toEqual([values.length, values.reduce((a, b) => a + b)]);
            expect([column!.least[i], column!.greatest[i]]).toEqual([Math.min(...values), Math.max(...values)]);
          }
        }
      }
    }),
  );
});

test("memory does not grow with the history", () => {
  const stretches = stretch(Array.from({ length: 50_000 }, (_, i) => ({ step: i + 1, loss: i % 7 })));
  expect(stretches.length).toBeLessThanOrEqual(2048);
  expect(stretches.column("loss")!.sum).toHaveLength(2048);
  expect(stretches.width).toBe(32);
});

describe("a number that is none", () => {
  test("is told from one that is not there, also among others", () => {
    const stretches = stretch([{ step: 1, loss: Number.NaN }, { step: 2 }, { step: 3, loss: Infinity }, { step: 4 }]);
    const column = stretches.column("loss")!;
    expect([...column.count.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect([...column.least.subarray(0, 4)]).toEqual([Number.NaN, Infinity, Number.NaN, Infinity]);
    expect(column).toMatchObject({ last: Number.NaN, min: Infinity, max: -Infinity });
    expect(together(column, 0, 2)).toMatchObject({ count: 0, least: Number.NaN });
    expect(together(column, 1, 2)).toMatchObject({ count: 0, least: Infinity });
  });

  test("spoils nothing of its stretch", () => {
    const column = stretch([{ loss: Number.NaN }, { loss: 2 }, { loss: 4 }], { width: 8 }).column("loss")!;
    expect(together(column, 0, 1)).toEqual({ count: 2, sum: 6, least: 2, greatest: 4 });
  });
});

test("whoever adds may say where a stretch ends", () => {
  const names = ["loss"];
  const stretches = new Stretches(names, { width: Infinity });
  const add = (loss: number) => stretches.add(0, { names, columns: Int32Array.of(0), values: Float64Array.of(loss) });
  [1, 2].map(add);
  stretches.next();
  stretches.next();
  add(9);
  expect([...stretches.column("loss")!.sum.subarray(0, 2)]).toEqual([3, 9]);
});
