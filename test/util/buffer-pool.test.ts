import { expect, test } from "vitest";
import { bufferPool } from "../../src/util/buffer-pool.ts";

const vector = (length: number) => ({ dtype: "f32", shape: [length] }) as const;

test("memory that is given back is taken again, also for a tensor of nearly that size", () => {
  const pool = bufferPool();
  const first = pool.take(vector(995_000));
  pool.give(first);
  const second = pool.take(vector(990_000));
  expect(second.data.buffer).toBe(first.data.buffer);
  expect(second.data.length).toBe(990_000);
  expect(pool.take(vector(995_000)).data.buffer).not.toBe(first.data.buffer);
});

test("sizes are rounded up by 3 % at most", () => {
  for (const length of [1, 3, 1000, 12_345, 1_048_577]) {
    const pool = bufferPool();
    pool.take(vector(length));
    expect(pool.bytes).toBeGreaterThanOrEqual(4 * length);
    expect(pool.bytes).toBeLessThanOrEqual(Math.max(4 * length + 8, 1.0313 * 4 * length));
  }
});

test("what was not taken between two trims is let go", () => {
  const pool = bufferPool();
  pool.give(pool.take(vector(1000)));
  pool.trim();
  pool.give(pool.take(vector(5000)));
  pool.trim();
  expect(pool.bytes).toBeLessThan(4 * 5200);
});

test("numbers of every type fit", () => {
  const pool = bufferPool();
  expect(pool.take({ dtype: "f16", shape: [3] }).data).toBeInstanceOf(Uint16Array);
  expect(pool.take({ dtype: "i64", shape: [3] }).data).toHaveLength(3);
});
