import { stat } from "node:fs/promises";
import sharp, { type SharpOptions } from "sharp";
import { BadRowError } from "./bad-rows.ts";

/** The formats of photographs. What else libvips reads (SVG, PDF) are programs more than images. */
const FORMATS: ReadonlySet<string> = new Set(["jpeg", "png", "webp", "gif", "tiff", "heif"]);
const MAX_FILE_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 100e6; // 300 MB decoded: above every camera in use, below a decompression bomb

/** How every image is opened. Pillow, too, ignores colour profiles and refuses what is cut short. */
export const OPEN_OPTIONS: SharpOptions = {
  failOn: "error",
  limitInputPixels: MAX_PIXELS,
  ignoreIcc: true,
  sequentialRead: true,
};

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Reads the header of an image. @throws BadRowError when the file is missing, too large or no photograph. */
export async function readImageSize(path: string): Promise<ImageSize> {
  const file = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new BadRowError(`${path}: ${cause.code === "ENOENT" ? "no such image" : cause.message}`);
  });
  if (!file.isFile()) throw new BadRowError(`${path}: is no file`);
  if (file.size > MAX_FILE_BYTES) throw new BadRowError(`${path}: is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB`);
  const metadata = sharp(path, OPEN_OPTIONS).metadata();
  const { format, width, height } = await metadata.catch((cause: Error) => {
    throw unreadable(path, cause.message);
  });
  if (!FORMATS.has(format)) throw new BadRowError(`${path}: is ${format}, not a photograph`);
  if (width * height > MAX_PIXELS) throw new BadRowError(`${path}: ${width} by ${height} pixels are too many`);
  return { width, height };
}

export function unreadable(path: string, reason: string): BadRowError {
  return new BadRowError(`${path}: is no image that can be read: ${reason.split("\n")[0]}`);
}
