import { expect, test } from "vitest";
import { loadReader } from "../../../src/recipes/tracking/machine-load.ts";

test("tells the share of the processors that this process has used since the reading before", () => {
  const read = loadReader();
  const until = performance.now() + 60;
  while (performance.now() < until) Math.sqrt(until);
  const { cpu } = read();
  expect(cpu).toBeGreaterThan(0);
  expect(cpu).toBeLessThanOrEqual(105);
});

test("tells memory of the process and of the machine, all finite", () => {
  const load = loadReader()();
  expect(load["proc.memory.rssMB"]).toBeGreaterThan(20);
  expect(load.memory_percent).toBeLessThanOrEqual(100);
  expect(Object.values(load).every(Number.isFinite)).toBe(true);
});
