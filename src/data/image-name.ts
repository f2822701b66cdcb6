import { BadRowError } from "./bad-rows.ts";
import { linkOf } from "./image-links.ts";

/** The last part of a link's path, decoded: a plain file name, so that the file lies in the folder of images. */
export function imageName(link: string): string {
  const last = linkOf(link)
    .replace(/[?#].*$/s, "")
    .split("/")
    .at(-1)!;
  const name = decode(last) ?? last;
  const plain = name !== "" && name !== "." && name !== ".." && !/[/\\:\0]/.test(name) && name.length <= 255;
  if (!plain) throw new BadRowError(`image_link "${link.slice(0, 100)}" does not end in the name of a file`);
  return name;
}

/** The same; undefined for a link that names no file. */
export function imageNameOf(link: string): string | undefined {
  try {
    return imageName(link);
  } catch (error) {
    if (error instanceof BadRowError) return undefined;
    throw error;
  }
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined; // a per cent sign that is one
  }
}
