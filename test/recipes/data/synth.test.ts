import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDataSettings } from "../../../src/config/load.ts";
import { imageName } from "../../../src/data/image-name.ts";
import { readTable } from "../../../src/data/table.ts";
import { type SynthOptions, synthTable } from "../../../src/recipes/data/synth.ts";
import { InputError, InterruptedError } from "../../../src/util/errors.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);
const { synth: settings } = parseDataSettings({});
const HEADER = "image_link,group_id,entity_name,entity_value";
const ROWS = [
  "https://host/a.jpg,1,item_weight,34.0 gram",
  "https://host/a.jpg,1,height,20 centimetre",
  "https://host/b.jpg,2,voltage,12 volt",
  'https://host/c.jpg,2,voltage,"[100.0, 240.0] volt"',
  "https://host/b.jpg,2,voltage,12 volt",
  "https://host/d.jpg,3,item_volume,1.5 litre",
];

function table(name: string, rows: readonly string[] = ROWS): string {
  writeFileSync(at(name), [HEADER, ...rows, ""].join("\n"));
  return at(name);
}

const input = table("rows.csv");
const draw = (name: string, options: Partial<SynthOptions> = { input }) =>
  synthTable({ output: at(`${name}.csv`), images: at(name), settings, ...options });
const pictures = (name: string) =>
  Object.fromEntries(
    readdirSync(at(name)).map((file) => [file, readFileSync(join(at(name), file)).toString("base64")]),
  );

test("rows keep their cells, each with a picture of its own; those that cannot be drawn and repeated ones are counted", async () => {
  const notes: string[] = [];
  const report = await draw("plain", { input, observer: { note: (text) => notes.push(text) } });
  expect(report).toMatchObject({ rows: 4, drawn: 4, present: 0, left_out: 1, repeated: 1 });
  expect(notes).toEqual(['1 rows are left out, first in line 5: "[100.0, 240.0] volt"']);
  const drawn = await readTable(report.file);
  expect(drawn.columns).toEqual(HEADER.split(","));
  expect(drawn.column("entity_value")).toEqual(["34.0 gram", "20 centimetre", "12 volt", "1.5 litre"]);
  expect(drawn.column("image_link").map(imageName).sort()).toEqual(readdirSync(at("plain")).sort());
});

test("the second table tells what stands on each picture, and where", async () => {
  const report = await draw("text");
  const [rows, text] = await Promise.all([readTable(report.file), readTable(report.text_file)]);
  expect(text.column("image_link")).toEqual(rows.column("image_link"));
  const numbers = ["34", "20", "12", "1.5"];
  for (const [i, all] of text.column("text").entries()) {
    const lines = JSON.parse(text.column("boxes")[i]) as { text: string; box: number[]; centres: number[][] }[];
    expect(lines.map((line) => line.text).join("\n")).toBe(all);
    expect(all).toContain(numbers[i]);
    expect(lines.every(({ text, box, centres }) => box.length === 4 && centres.length === text.length)).toBe(true);
  }
});

test("a row's picture is the same in whatever table and place it stands", async () => {
  const [all, few] = [await draw("all"), await draw("few", { input: table("few-rows.csv", [ROWS[5], ROWS[0]]) })];
  expect([all.rows, few.rows]).toEqual([4, 2]);
  expect(pictures("all")).toMatchObject(pictures("few"));
});

test("more rows than the table has are the same rows anew, with other pictures", async () => {
  const report = await draw("more", { input, count: 10 });
  expect(report.rows).toBe(10);
  const drawn = pictures("more");
  expect(new Set(Object.values(drawn)).size).toBe(10);
  await draw("all-again");
  expect(drawn).toMatchObject(pictures("all-again"));
  expect((await draw("less", { input, count: 2 })).rows).toBe(2);
});

test("what is there and whole is not drawn again; a file that was cut short is", async () => {
  await draw("resumed");
  const [whole, [first, second]] = [pictures("resumed"), readdirSync(at("resumed"))];
  truncateSync(join(at("resumed"), first), 300);
  rmSync(join(at("resumed"), second));
  expect(await draw("resumed")).toMatchObject({ rows: 4, drawn: 2, present: 2 });
  expect(pictures("resumed")).toEqual(whole);
  expect(await draw("resumed", { input, settings: { ...settings, seed: 1 } })).toMatchObject({ drawn: 4, present: 0 });
});

test("stopped on the way it leaves pictures and no table, and goes on from there", async () => {
  const stop = new AbortController();
  const observer = { drawn: (done: number) => void (done === 20 && stop.abort()) };
  const options = { random: 60 };
  const stopped = draw("stopped", { ...options, observer, signal: stop.signal });
  await expect(stopped).rejects.toThrow(InterruptedError);
  await expect(stopped).rejects.toThrow(/^stopped; \d+ of 60 pictures are drawn, no table was written$/);
  expect(existsSync(at("stopped.csv")) || existsSync(at("stopped-text.csv"))).toBe(false);
  const report = await draw("stopped", options);
  expect(report.present).toBeGreaterThanOrEqual(20);
  expect(report.drawn).toBeGreaterThan(0);
  await draw("at-once", options);
  expect(pictures("stopped")).toEqual(pictures("at-once"));
  expect(readFileSync(at("stopped.csv"))).toEqual(readFileSync(at("at-once.csv")));
});

test("random rows are of every entity, and a smaller number is the beginning of a larger one", async () => {
  const [large, small] = [await draw("large", { random: 40 }), await draw("small", { random: 15 })];
  const [rows, beginning] = [readFileSync(large.file, "utf8"), readFileSync(small.file, "utf8")];
  expect(rows.startsWith(beginning)).toBe(true);
  expect(new Set((await readTable(large.file)).column("entity_name")).size).toBe(8);
});

test.each<[string, Partial<SynthOptions>, RegExp]>([
  ["no rows", {}, /rows come from a table, or are random/],
  ["two sources", { input, random: 5 }, /rows come from a table, or are random/],
  ["random rows counted twice", { random: 5, count: 5 }, /rows come from a table, or are random/],
  ["a count of no rows", { input, count: 0 }, /count is 0/],
  ["half a row", { random: 1.5 }, /random is 1.5/],
  [
    "a table where nothing can be drawn",
    { input: table("odd.csv", [ROWS[3]]) },
    /no row has a label .* line 2: "\[100/,
  ],
  ["a table that would be written over", { input, output: input }, /rows\.csv: is a file that this command reads/],
  ["a folder that cannot be made", { input, images: join(input, "images") }, /no such folder can be made/],
  ["qualities the wrong way round", { input, settings: { ...settings, quality: [90, 60] } }, /synth\.quality/],
])("%s is refused", async (_, options, message) => {
  const refused = expect(draw("refused", options)).rejects;
  await refused.toThrow(message);
  await refused.toThrow(InputError);
});
