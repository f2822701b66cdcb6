import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinParts } from "../../src/data/join-parts.ts";
import { makeParts, readPartsManifest } from "../../src/data/parts.ts";
import { openTable, readTable } from "../../src/data/table.ts";
import { InputError } from "../../src/util/errors.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
let tries = 0;

/** Cuts rows of [index, image] into parts, in a folder of their own. */
async function cut(rows: readonly (readonly [number | string, string])[], count: number) {
  const home = join(folder, String(tries++));
  mkdirSync(home);
  const path = join(home, "test.csv");
  writeFileSync(path, ["index,image_link", ...rows.map((row) => row.join())].join("\n").concat("\n"));
  const { manifest, path: manifestPath } = await makeParts(await openTable(path), count, home);
  const files = manifest.parts.map(({ file }) => join(home, file));
  return { home, path, files, manifest, manifestPath };
}

const QUESTIONS = [
  [0, "a.jpg"],
  [1, "a.jpg"],
  [3, "b.jpg"],
  [4, "c.jpg"],
  [5, "d.jpg"],
  [7, "c.jpg"],
] as const;

test("parts have the same work, and an image is in one of them", async () => {
  const { files, manifest, home } = await cut(QUESTIONS, 3);
  expect(manifest.parts.map(({ file, rows, images }) => [file, rows, images])).toEqual([
    ["test-part-1-of-3.csv", 2, 1],
    ["test-part-2-of-3.csv", 1, 1],
    ["test-part-3-of-3.csv", 3, 2],
  ]);
  expect((await readTable(files[2])).column("index")).toEqual(["4", "5", "7"]);
  expect(readdirSync(home).sort()).toEqual(
    [...manifest.parts.map(({ file }) => file), "test-parts.json", "test.csv"].sort(),
  );
});

test("spaces around a link make no other image of it", async () => {
  const { manifest } = await cut(
    [
      [0, "a.jpg"],
      [1, "b.jpg"],
      [2, " a.jpg "],
    ],
    2,
  );
  expect(manifest.parts.map(({ indices }) => indices)).toEqual([
    [
      [0, 0],
      [2, 2],
    ],
    [[1, 1]],
  ]);
});

test("the manifest is read back, and a file that is none is refused", async () => {
  const { manifest, manifestPath, home } = await cut(QUESTIONS, 2);
  expect(await readPartsManifest(manifestPath)).toEqual(manifest);
  const bomb = join(home, "bomb.json");
  writeFileSync(bomb, JSON.stringify({ ...manifest, indices: [[0, 9e15]] }));
  await expect(readPartsManifest(bomb)).rejects.toThrow(/bomb\.json: indices/);
  await expect(readPartsManifest(join(home, "none.json"))).rejects.toMatchObject({ hint: /amlc data parts/ });
});

const table = fc
  .uniqueArray(fc.nat(300), { minLength: 1, maxLength: 60 })
  .chain((indices) =>
    fc.tuple(...indices.map((index) => fc.tuple(fc.constant(index), fc.constantFrom(..."abcdefgh")))),
  );

test("joining the parts gives the table, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 8 }), async (rows, wanted) => {
      const images = new Map<string, number>();
      for (const [, image] of rows) images.set(image, (images.get(image) ?? 0) + 1);
      const count = Math.min(wanted, images.size);
      const { path, files, manifest, home } = await cut(rows, count);
      await joinParts(manifest, files.toReversed(), join(home, "joined.csv"));
      expect(readFileSync(join(home, "joined.csv"), "utf8")).toBe(readFileSync(path, "utf8"));
      const sizes = manifest.parts.map((part) => part.rows);
      const largest = Math.max(...images.values());
      for (const size of sizes) expect(Math.abs(size - rows.length / count)).toBeLessThanOrEqual(2 * largest);
    }),
    { numRuns: 60 },
  );
});

describe("answers to the parts", () => {
  async function answer(change: (answers: string[][]) => void) {
    const { files, manifest, home } = await cut(QUESTIONS, 3);
    const answers = await Promise.all(
      files.map(async (file) => (await readTable(file)).column("index").map((index) => `${index},${index} gram`)),
    );
    change(answers);
    const paths = answers.map((lines, part) => {
      const path = join(home, `answers-${part + 1}.csv`);
      writeFileSync(path, ["index,prediction", ...lines].join("\n"));
      return path;
    });
    const output = join(home, "all.csv");
    await joinParts(manifest, paths, output);
    return readFileSync(output, "utf8");
  }

  test("come together in the order of the table", async () => {
    const joined = await answer((answers) => answers[2].reverse());
    expect(joined).toBe("index,prediction\n0,0 gram\n1,1 gram\n3,3 gram\n4,4 gram\n5,5 gram\n7,7 gram\n");
  });

  test.each([
    ["a gap", (a: string[][]) => void a[2].pop(), /test-part-3-of-3\.csv: 1 of 3 rows are missing: index 7/],
    [
      "an overlap",
      (a: string[][]) => void a[2].push("0,1 gram"),
      /answers-3\.csv: line 5: index 0 again, first at .*answers-1\.csv: line 2/,
    ],
    [
      "a foreign row",
      (a: string[][]) => void a[0].push("2,1 gram"),
      /answers-1\.csv: line 4: index "2" belongs to no part/,
    ],
    ["an odd index", (a: string[][]) => void a[0].push("x,1 gram"), /index "x" belongs to no part/],
  ])("with %s are refused", async (_, change, message) => {
    await expect(answer(change)).rejects.toThrow(message);
    await expect(answer(change)).rejects.toThrow(InputError);
  });

  test("lacking a whole part, or with other columns, are refused", async () => {
    const { files, manifest, home } = await cut(QUESTIONS, 3);
    const output = join(home, "all.csv");
    await expect(joinParts(manifest, files.slice(1), output)).rejects.toThrow(/test-part-1-of-3\.csv.*all of it/);
    writeFileSync(files[2], "index,prediction\n5,1 gram\n");
    await expect(joinParts(manifest, files, output)).rejects.toThrow(/has the columns index, prediction; .*image_link/);
    expect(readdirSync(home)).not.toContain("all.csv");
  });
});

test.each([
  ["more parts than images", [[0, "a.jpg"]], 2, /1 images, too few for 2 parts/],
  [
    "an index twice",
    [
      [0, "a.jpg"],
      [0, "b.jpg"],
    ],
    1,
    /line 3: index 0 stands again/,
  ],
  ["an index that is no whole number", [["1.5", "a.jpg"]], 1, /line 2: index "1\.5" is no whole number/],
] as const)("%s: refused, and nothing is written", async (_, rows, count, message) => {
  await expect(cut(rows, count)).rejects.toThrow(message);
  expect(readdirSync(join(folder, String(tries - 1)))).toEqual(["test.csv"]);
});
