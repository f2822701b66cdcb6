import sharp from "sharp";
import { OPEN_OPTIONS, readImageSize, unreadable } from "./image-file.ts";

/** A photograph as a small JPEG for a page, no side longer than `size`. @throws BadRowError when it is missing or broken */
export async function makeThumbnail(path: string, size: number): Promise<Buffer> {
  await readImageSize(path);
  const small = sharp(path, OPEN_OPTIONS)
    .resize({ width: size, height: size, fit: "inside", withoutEnlargement: true })
    .flatten({ background: "white" })
    .jpeg({ quality: 72 });
  return small.toBuffer().catch((error: Error) => {
    throw unreadable(path, error.message);
  });
}
