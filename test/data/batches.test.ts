import { expect, test } from "vitest";
import { BadRowError } from "../../src/data/bad-rows.ts";
import { type Batch, type BatchOptions, epochOrder, readBatches } from "../../src/data/batches.ts";
import type { PixelReader } from "../../src/data/pixels.ts";
import type { TokenizedSample } from "../../src/data/tokenize.ts";

const format = { imageSize: 1, rescaleFactor: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;

/** Photographs of one pixel, named by its level; "broken" cannot be read. */
const reader: PixelReader = {
  async read(path) {
    if (path === "broken") throw new BadRowError("broken: is no image");
    return new Uint8Array(3).fill(Number(path));
  },
  async close() {},
};

function row(imagePath: string, prefix = [2, 5], suffix = [7, 1]): TokenizedSample {
  const line = Number(imagePath) || 99;
  return {
    index: 0,
    line,
    imageLink: "",
    imagePath,
    imageSize: { width: 1, height: 1 },
    groupId: "",
    entity: "width",
    value: "",
    prompt: "",
    prefix,
    suffix,
  };
}

async function read(samples: readonly TokenizedSample[], options: Partial<BatchOptions> = {}) {
  const batches: Batch[] = [];
  const bad: unknown[] = [];
  const order = epochOrder(samples.length, 0, 0, false);
  const fixed = { samples, order, batch: 2, padId: 0, textUnit: 8, format, reader, ahead: 2 };
  for await (const batch of readBatches({ ...fixed, onBadRow: (b) => bad.push(b), ...options })) batches.push(batch);
  return { batches, bad, levels: batches.map(({ pixels }) => [...pixels].filter((_, i) => i % 3 === 0)) };
}

test("texts are padded on the right to a multiple of eight", async () => {
  const { batches } = await read([row("1", [2, 5, 6], [7, 1]), row("2", [2, 5], [7, 8, 9, 10, 11, 12, 1])]);
  const [{ tokens, prefixLengths, suffixLengths }] = batches;
  expect([...tokens.subarray(0, 16)]).toEqual([2, 5, 6, 7, 1, ...Array(11).fill(0)]);
  expect([...tokens.subarray(16)]).toEqual([2, 5, 7, 8, 9, 10, 11, 12, 1, ...Array(7).fill(0)]);
  expect([prefixLengths, suffixLengths]).toEqual([Int32Array.of(3, 2), Int32Array.of(2, 7)]);
});

test("texts are padded to a multiple of what is asked for", async () => {
  const { batches } = await read([row("1"), row("2")], { textUnit: 32 });
  expect(batches[0]!.tokens).toHaveLength(2 * 32);
});

test("batches follow the order given; the last one is what is left; a resumed run begins where it was", async () => {
  const samples = ["1", "2", "3", "4", "5"].map((path) => row(path));
  const order = [4, 0, 2, 1, 3];
  expect((await read(samples, { order })).levels).toEqual([[5, 1], [3, 2], [4]]);
  const resumed = await read(samples, { order, first: 1 });
  expect(resumed.levels).toEqual([[3, 2], [4]]);
  expect(resumed.batches.map(({ index }) => index)).toEqual([1, 2]);
});

test("a row whose photograph is broken is told and left out; a batch of none but such rows is passed over", async () => {
  const samples = ["1", "broken", "broken", "broken", "5"].map((path) => row(path));
  const { batches, bad, levels } = await read(samples);
  expect(levels).toEqual([[1], [5]]);
  expect(batches.map(({ index, rows }) => [index, rows.length])).toEqual([
    [0, 1],
    [2, 1],
  ]);
  expect(bad).toEqual(Array(3).fill({ line: 99, reason: "broken: is no image" }));
});

test("what the teller of bad rows throws ends the batches, and so does a fault that is no bad row", async () => {
  const tooMany = () => {
    throw new Error("too many");
  };
  await expect(read([row("broken")], { onBadRow: tooMany })).rejects.toThrow("too many");
  const closed = { ...reader, read: () => Promise.reject(new Error("closed")) };
  await expect(read([row("1")], { reader: closed })).rejects.toThrow("closed");
});

test("an epoch's order follows from seed and epoch; without shuffling it is the file's", () => {
  const order = (seed: number, epoch: number, shuffle: boolean) => Array.from(epochOrder(50, seed, epoch, shuffle));
  expect(order(0, 3, false)).toEqual([...Array(50).keys()]);
  expect(order(0, 1, true)).toEqual(order(0, 1, true));
  expect(order(0, 1, true)).not.toEqual(order(0, 2, true));
  expect(order(0, 1, true)).not.toEqual(order(1, 1, true));
  expect(order(0, 1, true).sort((a, b) => a - b)).toEqual(order(0, 1, false));
});
