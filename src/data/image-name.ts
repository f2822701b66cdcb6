import { imageNameOf } from "../challenge/image-name.ts";
import { BadRowError } from "./bad-rows.ts";

/** The name of the file that a link's photograph has. @throws BadRowError for a link that names none */
export function imageName(link: string): string {
  const name = imageNameOf(link);
  if (name === undefined)
    throw new BadRowError(`image_link "${link.slice(0, 100)}" does not end in the name of a file`);
  return name;
}
