import { stat } from "node:fs/promises";
import { join } from "node:path";
import { imageNameOf } from "../../challenge/image-name.ts";

/** What tells that a photograph's file is another one by now: size and time of change; null while there is none. */
export async function imageState(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => undefined);
  return found ? `${found.size} ${found.mtimeMs}` : null;
}

/** The same for the link of a row. */
export function imageStateOf(images: string, link: string): Promise<string | null> {
  const path = imagePathOf(images, link);
  return path === undefined ? Promise.resolve(null) : imageState(path);
}

/** Where the photograph of a link is looked for; undefined for a link that names no file. */
export function imagePathOf(images: string, link: string): string | undefined {
  const name = imageNameOf(link);
  return name === undefined ? undefined : join(images, name);
}
