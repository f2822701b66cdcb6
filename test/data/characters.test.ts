import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BadRowError } from "../../src/data/bad-rows.ts";
import { labelPatches, type PlacedCharacter, readCharacters } from "../../src/data/characters.ts";
import { InputError } from "../../src/util/errors.ts";
import { workFolder } from "../support/work-folder.ts";

const SQUARE = { width: 20, height: 20 };
const at = (character: string, x: number, y: number): PlacedCharacter => ({ character, x, y });
/** Printable ASCII in its order, from 1; 0 is none. */
const ascii = (character: string) => character.charCodeAt(0) - 32;
const patchesOf = (labels: Uint8Array) =>
  Array.from({ length: labels.length / 3 }, (_, i) => [...labels.subarray(3 * i, 3 * i + 3)]);

test("a patch holds the characters whose middle is in it, from left to right", () => {
  const labels = labelPatches([at("b", 8, 3), at("a", 2, 3), at("c", 12, 15)], SQUARE, 2);
  expect(patchesOf(labels)).toEqual([
    [ascii("a"), ascii("b"), 0],
    [0, 0, 0],
    [0, 0, 0],
    [ascii("c"), 0, 0],
  ]);
});

test("spaces and what lies outside the image are no characters; a fourth one in a patch is left out", () => {
  const beside = [at(" ", 1, 1), at("\u00a0", 2, 1), at("x", -1, 5), at("x", 5, 20)];
  const labels = labelPatches(
    [...beside, ...["1", "2", "3", "4"].map((digit, i) => at(digit, 1 + 2 * i, 5))],
    SQUARE,
    2,
  );
  expect(patchesOf(labels)[0]).toEqual([ascii("1"), ascii("2"), ascii("3")]);
  expect(labels.filter((label) => label > 0)).toHaveLength(3);
});

test("every sign that labels hold is a class of its own, and all others are one", () => {
  const classOf = (character: string) => labelPatches([at(character, 1, 1)], SQUARE, 1)[0];
  expect(new Set([..."µ°²³½¼×~"].map(classOf)).size).toBe(8);
  expect(classOf("中")).toBe(classOf("ß"));
  expect(classOf("ß")).toBeGreaterThan(classOf("×"));
});

test("an image of another size has its characters in the same patches", () => {
  const small = labelPatches([at("7", 4, 14)], SQUARE, 4);
  expect(labelPatches([at("7", 40, 28)], { width: 200, height: 40 }, 4)).toEqual(small);
});

const folder = workFolder();
const table = (cell: string) => {
  const csv = join(folder, "places.csv");
  writeFileSync(csv, `image_link,boxes\nhttps://host/a.jpg,"${cell.replaceAll('"', '""')}"\n`);
  return csv;
};

test("the places of characters are read by an image's name", async () => {
  const of = await readCharacters(table('[{"text":"5g","box":[0,0,9,9],"centres":[[1,2],[3,4]]}]'));
  expect(of("https://elsewhere/a.jpg?x=1")).toEqual([at("5", 1, 2), at("g", 3, 4)]);
  expect(() => of("https://host/b.jpg")).toThrow(BadRowError);
});

test.each([
  ["no JSON", "[{", "places.csv:2: boxes: is not JSON"],
  ["a list of something else", '[{"text":5}]', "places.csv:2: boxes"],
  ["a character without a place", '[{"text":"5g","centres":[[1,2]]}]', '"5g" has 2 characters and 1 centres'],
])("%s is told with its line", async (_, cell, message) => {
  const of = await readCharacters(table(cell));
  expect(() => of("a.jpg")).toThrow(InputError);
  expect(() => of("a.jpg")).toThrow(message);
});

test("a link that names no image is told with its line", async () => {
  const csv = join(folder, "links.csv");
  writeFileSync(csv, "image_link,boxes\nhttps://host/a.jpg,[]\nhttps://host/,[]\n");
  await expect(readCharacters(csv)).rejects.toThrow(InputError);
  await expect(readCharacters(csv)).rejects.toThrow(/links\.csv:3: image_link "https:\/\/host\/" does not end in/);
});
