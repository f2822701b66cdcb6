import { join } from "node:path";
import { expect, test } from "vitest";
import { describeDivision, divideWork, roomHere, weightBytes } from "../../../src/recipes/predict/division.ts";
import { quantizeModel } from "../../../src/recipes/quantize-model.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
const GIB = 2 ** 30;
const onCpu = { threads: null, onDevice: false };
const room = { cores: 8, free: 64 * GIB };

test.each([
  ["parts, where there is room", 4, 1 * GIB, onCpu, room, 4, 2],
  ["cores", 16, 1 * GIB, onCpu, room, 8, 1],
  ["memory", 16, 12 * GIB, onCpu, room, 3, 2],
  ["one, where there is not even memory for that", 4, 100 * GIB, onCpu, room, 1, 8],
  ["cores by the threads that the configuration gives each", 16, 1 * GIB, { ...onCpu, threads: 3 }, room, 2, 3],
  ["one on a device", 4, 1 * GIB, { ...onCpu, onDevice: true }, room, 1, null],
])("as many processes as %s", (_, parts, bytes, engine, room, atOnce, threads) => {
  expect(divideWork({ parts, weightBytes: bytes, ...engine }, room)).toMatchObject({ parts, atOnce, threads });
});

test("a number of processes that is asked for is taken, but no process without a part", () => {
  const work = { parts: 4, weightBytes: 40 * GIB, ...onCpu };
  expect(divideWork({ ...work, atOnce: 3 }, room)).toMatchObject({ atOnce: 3, threads: 2 });
  expect(divideWork({ ...work, atOnce: 9 }, room)).toMatchObject({ atOnce: 4, threads: 2 });
});

test("a process has room for the largest photograph, which takes 1 GB while it is decoded", () => {
  const work = { parts: 8, weightBytes: 1e7, ...onCpu };
  expect(divideWork(work, { cores: 8, free: 5e9 }).atOnce).toBe(3);
});

test("the division is told in one line", () => {
  const division = divideWork({ parts: 4, weightBytes: 1e8, ...onCpu }, { cores: 2, free: 14.2 * GIB });
  expect(describeDivision(division)).toBe(
    "4 parts, 2 at once, 1 thread each: 14.2 GiB are free, a process takes about 1.6 GiB",
  );
});

test("what is free here, and what a base takes in memory", async () => {
  const { cores, free } = roomHere();
  expect(cores).toBeGreaterThan(0);
  expect(free).toBeGreaterThan(0);
  const single = await weightBytes("checkpoints/tiny", "fp32");
  expect(single).toBeGreaterThan(100_000);
  expect(await weightBytes("checkpoints/tiny", "fp16")).toBe(single / 2);
});

test("a base in few bits takes the bytes of its blocks, whatever the type of its other weights", async () => {
  const output = join(folder, "few-bits");
  const { bytes } = await quantizeModel({ folder: "checkpoints/tiny", output, bits: 8 });
  expect(await weightBytes(output, "fp16")).toBeLessThanOrEqual(bytes);
  expect(await weightBytes(output, "fp16")).toBeLessThan(await weightBytes("checkpoints/tiny", "fp16"));
  expect(await weightBytes(output, "fp32")).toBeLessThan(await weightBytes("checkpoints/tiny", "fp32"));
});
