import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { checkBadRows } from "../../src/data/bad-rows.ts";
import { imageName } from "../../src/data/image-name.ts";
import { loadSamples } from "../../src/data/samples.ts";
import { writeTable } from "../../src/data/table-write.ts";
import { InputError } from "../../src/util/errors.ts";

const TINY = join(import.meta.dirname, "..", "..", "data", "tiny");
let folder: string;
let images: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "amlc-samples-"));
  images = join(folder, "images");
  await mkdir(images);
  const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  for (const name of ["a.jpg", "b+c d.jpg"]) await writeFile(join(images, name), jpeg);
  await writeFile(join(images, "text.jpg"), "no image");
});

async function load(text: string, requireValue = false) {
  const csv = join(folder, "rows.csv");
  await writeFile(csv, text);
  return loadSamples({ csv, images, requireValue });
}

test("the shipped photographs are all there", async () => {
  for (const [split, rows] of [
    ["train", 28],
    ["val", 10],
  ] as const) {
    const source = { csv: join(TINY, `${split}.csv`), images: join(TINY, "images"), requireValue: true };
    const { samples, bad } = await loadSamples(source);
    expect(bad).toEqual([]);
    expect(samples).toHaveLength(rows);
  }
});

test("a row's image is named by the last part of its link", async () => {
  const { samples, bad } = await load(
    "entity_value,entity_name,image_link,group_id\n 3 gram ,item_weight,https://x.org/I/a.jpg,7\n,width,b%2Bc%20d.jpg?v=1#x,8\n",
    true,
  );
  expect(bad).toEqual([]);
  expect(samples).toEqual([
    {
      ...{ index: 0, line: 2, imageLink: "https://x.org/I/a.jpg", imagePath: join(images, "a.jpg") },
      imageSize: { width: 8, height: 8 },
      ...{ groupId: "7", entity: "item_weight", value: "3 gram", prompt: "" },
    },
    expect.objectContaining({ index: 1, line: 3, imagePath: join(images, "b+c d.jpg"), entity: "width", value: "" }),
  ]);
});

test("what was disarmed for a spreadsheet is read as it was", async () => {
  await writeFile(join(images, "-12.jpg"), await readFile(join(images, "a.jpg")));
  const csv = join(folder, "disarmed.csv");
  const row = { image_link: "-12.jpg", entity_name: "item_weight", entity_value: "+5 gram", prompt: "- what?" };
  await writeTable(csv, Object.keys(row), [row]);
  expect(await readFile(csv, "utf8")).toContain("'-12.jpg,item_weight,'+5 gram,'- what?");
  const { samples } = await loadSamples({ csv, images, requireValue: true });
  expect(samples[0]).toMatchObject({ imagePath: join(images, "-12.jpg"), value: "+5 gram", prompt: "- what?" });
});

test("the column index names rows; group_id and entity_value may be missing where no truth is needed", async () => {
  const { samples } = await load("index,image_link,entity_name\n1001,a.jpg,width\n");
  expect(samples).toMatchObject([{ index: 1001, groupId: "", value: "" }]);
  await expect(load("index,image_link,entity_name\n1001,a.jpg,width\n", true)).rejects.toThrow(/lacks .* entity_value/);
});

test("the column prompt is what a row is asked; an empty one leaves that to the configuration", async () => {
  const { samples } = await load("image_link,entity_name,prompt\na.jpg,width,ocr \na.jpg,width,\n");
  expect(samples.map(({ prompt }) => prompt)).toEqual(["ocr", ""]);
});

test("rows that cannot be used are collected with their lines, the others stay", async () => {
  const { samples, bad } = await load(
    "index,image_link,entity_name\n0,a.jpg,width\n1,none.jpg,width\n2,text.jpg,width\n3,a.jpg,widht\n4,x/..,width\nx,a.jpg,width\n6,none.jpg,depth\n",
  );
  expect(samples.map(({ index }) => index)).toEqual([0]);
  expect(bad).toEqual([
    { line: 3, reason: expect.stringContaining("none.jpg: no such image") },
    { line: 4, reason: expect.stringContaining("text.jpg: is no image") },
    { line: 5, reason: 'unknown entity_name "widht"; did you mean "width"?' },
    { line: 6, reason: expect.stringContaining("does not end in the name of a file") },
    { line: 7, reason: 'index "x" is no whole number' },
    { line: 8, reason: expect.stringContaining("none.jpg: no such image") },
  ]);
});

test("a row whose photograph's file is another link's is not asked about that one", async () => {
  const links = ["https://x.org/1/a.jpg", "https://x.org/2/a.jpg", "https://x.org/1/a.jpg"];
  const { samples, bad } = await load(`image_link,entity_name\n${links.map((link) => `${link},width\n`).join("")}`);
  expect(samples.map(({ line }) => line)).toEqual([2, 4]);
  expect(bad).toEqual([{ line: 3, reason: `its photograph's file, a.jpg, is that of ${links[0]}` }]);
});

test.each([
  "",
  "https://x.org/",
  "..",
  ".",
  "%2e%2e",
  "a%2Fb.jpg",
  "a\\b.jpg",
  "%5Cb.jpg",
  "a%00.jpg",
  "c:a.jpg",
  "?a.jpg",
  "a".repeat(300),
])("no link leads out of the folder of images: %s", (link) => {
  expect(() => imageName(link)).toThrow(/does not end in the name of a file/);
});

test("a per cent sign that encodes nothing is one", () => {
  expect(imageName("https://x.org/50%.jpg")).toBe("50%.jpg");
});

test("bad rows are put up with to a limit, and never when no row is left", () => {
  const bad = Array.from({ length: 7 }, (_, i) => ({ line: i + 2, reason: "no such image" }));
  expect(() => checkBadRows("x.csv", 3, bad, 7)).not.toThrow();
  expect(() => checkBadRows("x.csv", 3, bad, 6)).toThrow(InputError);
  expect(() => checkBadRows("x.csv", 3, bad, 6)).toThrow(
    /x\.csv: 7 of 10 rows are bad, data\.max_bad_rows allows 6\n {2}line 2: no such image\n.*\n.*\n.*\n.*\n {2}and 2 more$/,
  );
  expect(() => checkBadRows("x.csv", 0, bad, 100)).toThrow(/no row is left/);
});
