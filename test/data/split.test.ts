import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDataSettings } from "../../src/config/load.ts";
import { chooseSplit, type Side } from "../../src/data/split.ts";
import { openTable } from "../../src/data/table.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

async function sidesOf(lines: readonly string[], val?: number | string, seed = 0): Promise<Side[]> {
  const path = join(folder, "rows.csv");
  writeFileSync(path, `${lines.join("\n")}\n`);
  const table = await openTable(path, ["image_link"]);
  const split = await chooseSplit(table, parseDataSettings({ split: { seed } }).split, val);
  const sides: Side[] = [];
  for await (const block of table.blocks()) sides.push(...split.sidesOf(block));
  return sides;
}

const links = (count: number) => ["image_link", ...Array.from({ length: count }, (_, i) => `https://x/${i}.jpg`)];
const share = (sides: readonly Side[]) => sides.filter((side) => side === "val").length / sides.length;

test("the share of val is about what is asked for, and another seed chooses other images", async () => {
  const sides = await sidesOf(links(20_000), 0.05);
  expect(share(sides)).toBeGreaterThan(0.045); // 0.05 ± 3 standard deviations of 0.0015
  expect(share(sides)).toBeLessThan(0.055);
  expect(await sidesOf(links(20_000), 0.05, 1)).not.toEqual(sides);
  expect(share(await sidesOf(links(50), 0))).toBe(0);
  expect(share(await sidesOf(links(50), 1))).toBe(1);
});

test("rows that are added move no image, and a larger share holds the smaller one", async () => {
  const few = await sidesOf(links(2000), 0.1);
  expect((await sidesOf(links(5000), 0.1)).slice(0, 2000)).toEqual(few);
  const more = await sidesOf(links(2000), 0.2);
  for (const [i, side] of few.entries()) if (side === "val") expect(more[i]).toBe("val");
});

test("spaces around a link make no other image of it, by hash, by a table and by a column", async () => {
  const spaced = links(200).map((link, i) => (i === 0 ? link : ` ${link} `));
  expect(await sidesOf(spaced, 0.5)).toEqual(await sidesOf(links(200), 0.5));
  const val = join(folder, "spaced.csv");
  writeFileSync(val, "image_link\n https://x/1.jpg \n");
  expect(await sidesOf(links(3), val)).toEqual(["train", "val", "train"]);
  const torn = ["image_link,split", "https://x/1.jpg,train", " https://x/1.jpg,val"];
  await expect(sidesOf(torn)).rejects.toThrow("is val here and train above");
});

test("all rows of an image are on one side, in whatever order they come", async () => {
  const some = fc.array(fc.constantFrom("https://x/a.jpg", "https://x/b.jpg", "https://x/c.jpg"), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(some, fc.nat(100), async (rows, seed) => {
      const sides = await sidesOf(["image_link", ...rows], 0.5, seed);
      for (const [i, link] of rows.entries()) expect(sides[i]).toBe(sides[rows.indexOf(link)]);
    }),
    { numRuns: 30 },
  );
});

test("an official column decides, unless a share is given", async () => {
  const rows = ["image_link,split", "a.jpg,train", "b.jpg, val ", "a.jpg,train"];
  expect(await sidesOf(rows)).toEqual(["train", "val", "train"]);
  expect(await sidesOf(rows, 1)).toEqual(["val", "val", "val"]);
});

test("a column that puts an image on both sides, or says something else, is refused by line", async () => {
  await expect(sidesOf(["image_link,split", "a.jpg,train", "a.jpg,val"])).rejects.toThrow(
    /rows\.csv: line 3: a\.jpg is val here and train above/,
  );
  await expect(sidesOf(["image_link,split", "a.jpg,test"])).rejects.toThrow(/line 2: split is "test"/);
});

test("the images of an official file are val", async () => {
  const val = join(folder, "official.csv");
  writeFileSync(val, "image_link\nb.jpg\n");
  expect(await sidesOf(["image_link", "a.jpg", "b.jpg"], val)).toEqual(["train", "val"]);
  await expect(sidesOf(["image_link", "a.jpg"], join(folder, "none.csv"))).rejects.toThrow("no such file");
});
