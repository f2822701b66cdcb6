import { stat } from "node:fs/promises";
import sharp, { type SharpOptions } from "sharp";
import { IMAGE_LIMITS } from "../config/data-schema.ts";
import { BadRowError } from "./bad-rows.ts";

/** The formats of photographs. What else libvips reads (SVG, PDF) are programs more than images. */
const FORMATS: ReadonlySet<string> = new Set(["jpeg", "png", "webp", "gif", "tiff", "heif"]);

/** How every image is opened. Pillow, too, ignores colour profiles and refuses what is cut short. */
export const OPEN_OPTIONS: SharpOptions = {
  failOn: "error",
  limitInputPixels: IMAGE_LIMITS.pixels,
  ignoreIcc: true,
  sequentialRead: true,
};

/** libvips' own limit would answer with a message of its own; a header is read without a pixel being decoded. */
const HEADER_OPTIONS: SharpOptions = { ...OPEN_OPTIONS, limitInputPixels: false };

/**
 * An image of more is decoded by itself. Of 100 megapixels one takes 0.3 to 0.6 GB to be checked and 0.6 to 1.0 GB to be read
 * for a model: most as a progressive or interlaced one, or with transparency (measured, 10,000 by 10,000).
 */
export const LARGE_PIXELS = 16e6;

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

export interface ImageHeader extends ImageSize {
  readonly format: string;
}

/** What is wrong with an image, in words that follow its name. */
export class ImageFault extends Error {
  override readonly name = "ImageFault";
  /** broken: the beginning is an image's, so that an unharmed copy may be one. */
  readonly kind: "foreign" | "too large" | "broken";

  constructor(kind: ImageFault["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** An image: where its file is, or what is in it. */
export type ImageSource = string | Uint8Array;

/** How a message calls an image. */
export const nameOfImage = (image: ImageSource): string => (typeof image === "string" ? image : "the image");

/** Reads the header of an image. @throws BadRowError when the file is missing, too large or no photograph. */
export async function readImageSize(image: ImageSource): Promise<ImageSize> {
  const bytes = typeof image === "string" ? await sizeOfFile(image) : image.length;
  if (bytes > IMAGE_LIMITS.bytes)
    throw new BadRowError(`${nameOfImage(image)}: is larger than ${IMAGE_LIMITS.bytes / 2 ** 20} MiB`);
  try {
    const { width, height } = await readImageHeader(image);
    return { width, height };
  } catch (error) {
    if (error instanceof ImageFault) throw new BadRowError(`${nameOfImage(image)}: ${error.message}`);
    throw error;
  }
}

async function sizeOfFile(path: string): Promise<number> {
  const file = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new BadRowError(`${path}: ${cause.code === "ENOENT" ? "no such image" : cause.message}`);
  });
  if (!file.isFile()) throw new BadRowError(`${path}: is no file`);
  return file.size;
}

/**
 * Format and size of an image, a path or a file's bytes, without decoding any of it.
 * @throws ImageFault when it is no photograph, or one of more pixels
 */
export async function readImageHeader(
  image: ImageSource,
  maxPixels: number = IMAGE_LIMITS.pixels,
): Promise<ImageHeader> {
  const { format, width, height } = await orFault(() => sharp(image, HEADER_OPTIONS).metadata());
  if (!FORMATS.has(format)) throw new ImageFault("foreign", `is ${format}, not a photograph`);
  if (width * height > maxPixels) throw new ImageFault("too large", `${width} by ${height} pixels are too many`);
  return { format, width, height };
}

/**
 * Decodes an image as training would, to find out whether it can be.
 * @throws ImageFault when it is cut short or broken
 */
export async function decodeWhole(bytes: Uint8Array, header: ImageHeader): Promise<void> {
  const image = sharp(bytes, OPEN_OPTIONS);
  const smaller = reducedSize(header);
  if (smaller) {
    const reduced = image.resize({ ...smaller, fit: "fill" }).raw();
    await orFault(() => reduced.toBuffer());
    return;
  }
  const decoded = image.toColourspace("srgb").removeAlpha().raw();
  const { info } = await orFault(() => decoded.toBuffer({ resolveWithObject: true }));
  if (info.width !== header.width || info.height !== header.height) throw broken("its header lies");
}

/** Below that, setting up the reduction costs more than it saves. */
const WORTH_REDUCING = 500_000;

/**
 * A JPEG can be decoded at a half, a quarter or an eighth of its size: every byte is read all the same, in two thirds of
 * the time and little memory. Only by a divisor of the height, for libvips leaves out a last row that is there in part,
 * and would not see that the file ends before it.
 */
function reducedSize({ format, width, height }: ImageHeader): ImageSize | undefined {
  if (format !== "jpeg" || width * height < WORTH_REDUCING) return undefined;
  const divisor = [8, 4, 2].find((n) => height % n === 0 && width >= n);
  return divisor === undefined ? undefined : { width: Math.floor(width / divisor), height: height / divisor };
}

export function unreadable(path: string, reason: string): BadRowError {
  return new BadRowError(`${path}: ${broken(reason).message}`);
}

async function orFault<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { message } = error as Error;
    throw /unsupported image format/.test(message) ? foreign(message) : broken(message);
  }
}

const foreign = (reason: string) => new ImageFault("foreign", inWords(reason));
const broken = (reason: string) => new ImageFault("broken", inWords(reason));

function inWords(reason: string): string {
  return `is no image that can be read: ${reason.split("\n")[0]}`;
}
