import { expect, test } from "vitest";
import { BadRowError } from "../../src/data/bad-rows.ts";
import type { TokenizedSample } from "../../src/data/tokenize.ts";
import { lookAt } from "../../src/infer/looked-at.ts";
import type { Reader } from "../../src/infer/reader.ts";

const format = { imageSize: 1, rescaleFactor: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;
const question = (image: string, line: number) => ({ imagePath: image, line }) as unknown as TokenizedSample;

/** A tower whose only feature is the brightness, and photographs as bright as their name says. */
function watch(broken: readonly string[] = []) {
  const looked: number[] = [];
  const read: string[] = [];
  const reader: Reader = {
    together: 2,
    look: async (images) => {
      looked.push(images.length);
      return images.map((pixels) => pixels.slice(0, 1));
    },
    read: () => Promise.reject(new Error("no prompt is read here")),
  };
  const readPixels = async (path: string) => {
    read.push(path);
    if (broken.includes(path)) throw new BadRowError(`${path} is broken`);
    return new Uint8Array(3).fill(Number(path));
  };
  return { looked, read, photographs: { reader, format, readPixels, ahead: 1 } };
}

const groups = [
  [question("1", 2), question("2", 3), question("1", 4)],
  [question("3", 5), question("1", 6), question("2", 7)],
];

test("a photograph is looked at once for all its questions, in whichever groups they are", async () => {
  const { looked, read, photographs } = watch();
  const features = [];
  for await (const { rows } of lookAt(groups, photographs)) features.push(rows.map((row) => row.features[0]));
  expect(features).toEqual([
    [1, 2, 1],
    [3, 1, 2],
  ]);
  expect(read).toEqual(["1", "2", "3"]);
  expect(looked).toEqual([2, 1]);
});

test("questions about a photograph that cannot be read are told, and the others are there", async () => {
  const { photographs } = watch(["2"]);
  const seen = [];
  for await (const { rows, bad } of lookAt(groups, photographs)) {
    seen.push({
      rows: rows.map(({ sample, features }) => [sample.line, features[0]]),
      bad: bad.map(({ sample, reason }) => [sample.line, reason]),
    });
  }
  expect(seen).toEqual([
    {
      rows: [
        [2, 1],
        [4, 1],
      ],
      bad: [[3, "2 is broken"]],
    },
    {
      rows: [
        [5, 3],
        [6, 1],
      ],
      bad: [[7, "2 is broken"]],
    },
  ]);
});

test("features that were kept are taken in place of pixels", async () => {
  const { looked, read, photographs } = watch();
  const readFeatures = async (path: string) => Float32Array.of(10 * Number(path));
  for await (const { rows } of lookAt(groups.slice(0, 1), { ...photographs, readFeatures })) {
    expect(rows.map(({ features }) => features[0])).toEqual([10, 20, 10]);
  }
  expect(looked).toEqual([]);
  expect(read).toEqual([]);
});

test("a fault that is none of a row's ends it", async () => {
  const { photographs } = watch();
  const readPixels = () => Promise.reject(new Error("out of memory"));
  await expect(lookAt(groups, { ...photographs, readPixels }).next()).rejects.toThrow("out of memory");
});
