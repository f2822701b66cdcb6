import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { HttpFault } from "../../http/faults.ts";
import { limitConcurrency } from "../../util/concurrency.ts";
import { decodeWhole, ImageFault, LARGE_PIXELS, readImageHeader } from "../image-file.ts";

/** @throws HttpFault when the file is no photograph that training can read */
export type ImageCheck = (path: string) => Promise<void>;

/** Node does the work of files and of images with as many threads (libuv's), unless the environment says otherwise. */
const THREADS = Number(process.env.UV_THREADPOOL_SIZE) || 4;

/**
 * A check of at most `maxPixels`, by decoding all of the file. As many files are held in memory and decoded at a time as
 * there are processors, and at least one thread is left for reading and writing.
 */
export function checkImages(maxPixels: number): ImageCheck {
  const limit = limitConcurrency(Math.max(1, Math.min(availableParallelism(), THREADS - 1)));
  const limitLarge = limitConcurrency(1);
  // The bytes are handed over, for of a path libvips keeps the file open, and Windows would not rename it.
  const check = async (path: string) => {
    const bytes = await readFile(path);
    const header = await readImageHeader(bytes, maxPixels);
    const decode = () => decodeWhole(bytes, header);
    await (header.width * header.height > LARGE_PIXELS ? limitLarge(decode) : decode());
  };
  return (path) =>
    limit(() => check(path)).catch((error: unknown) => {
      if (error instanceof ImageFault)
        throw new HttpFault(`what came ${error.message}`, { passing: error.kind === "broken" });
      throw error;
    });
}
