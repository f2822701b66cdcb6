import { z } from "zod";
import { checkJson, parseJson } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";
import { BadRowError } from "./bad-rows.ts";
import type { ImageSize } from "./image-file.ts";
import { imageName } from "./image-name.ts";
import { readTable } from "./table.ts";

/** Characters that a patch of an image may hold, from left to right; what more stands there is not asked for. */
export const PATCH_CHARACTERS = 3;

/** Those that can be told apart: letters and signs of product labels. */
export const LABEL_CHARACTERS: readonly string[] = [
  ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)),
  ..."µ°²³½¼×",
];

/** No character, each known one, any other. */
export const CHARACTER_CLASSES = LABEL_CHARACTERS.length + 2;

const classes = new Map(LABEL_CHARACTERS.map((character, i) => [character, i + 1]));
const classOf = (character: string) => classes.get(character) ?? CHARACTER_CLASSES - 1;

/** Lines of text on an image, each with the middle of each of its characters, in pixels. */
const linesSchema = z.array(z.looseObject({ text: z.string(), centres: z.array(z.tuple([z.number(), z.number()])) }));

export interface PlacedCharacter {
  readonly character: string;
  readonly x: number;
  readonly y: number;
}

/** Where characters stand on an image. @throws BadRowError when there is no line about it */
export type CharactersOf = (imageLink: string) => readonly PlacedCharacter[];

/**
 * Reads a table `image_link, boxes` as `amlc data synth` writes it. A line is read when it is asked for.
 * @throws InputError when the file is none, or a line about an image is broken
 */
export async function readCharacters(csv: string): Promise<CharactersOf> {
  const table = await readTable(csv, ["image_link", "boxes"]);
  const [links, boxes] = [table.column("image_link"), table.column("boxes")];
  const rows = new Map(links.map((link, row) => [nameOn(`${csv}:${table.lineOf(row)}`, link), row]));
  return (imageLink) => {
    const row = rows.get(imageName(imageLink));
    if (row === undefined) throw new BadRowError(`${csv} does not tell what stands on ${imageLink.slice(0, 100)}`);
    const source = `${csv}:${table.lineOf(row)}: boxes`;
    return checkJson(source, parseJson(source, boxes[row]), linesSchema).flatMap(({ text, centres }) => {
      const characters = [...text];
      if (characters.length === centres.length)
        return characters.map((character, i) => ({ character, x: centres[i][0], y: centres[i][1] }));
      throw new InputError(`${source}: "${text}" has ${characters.length} characters and ${centres.length} centres`);
    });
  };
}

/** @throws InputError naming the place of a link that names no image */
function nameOn(place: string, link: string): string {
  try {
    return imageName(link);
  } catch (cause) {
    if (!(cause instanceof BadRowError)) throw cause;
    throw new InputError(`${place}: ${cause.message}`, { hint: "write the table anew with amlc data synth", cause });
  }
}

/**
 * The classes of the first characters in each of the `side` × `side` patches of an image, row by row, u8 [side², 3]:
 * 0 where there is no character.
 */
export function labelPatches(
  characters: readonly PlacedCharacter[],
  { width, height }: ImageSize,
  side: number,
): Uint8Array {
  const labels = new Uint8Array(side * side * PATCH_CHARACTERS);
  const filled = new Uint8Array(side * side);
  const onImage = characters.filter(({ x, y }) => x >= 0 && y >= 0 && x < width && y < height);
  for (const { character, x, y } of onImage.toSorted((one, other) => one.x - other.x)) {
    if (character.trim() === "") continue;
    const patch = Math.floor((y / height) * side) * side + Math.floor((x / width) * side);
    if (filled[patch] === PATCH_CHARACTERS) continue;
    labels[patch * PATCH_CHARACTERS + filled[patch]++] = classOf(character);
  }
  return labels;
}
