import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openPromise, type ZipFile } from "yauzl";
import { InputError } from "../util/errors.ts";
import { makeFolder } from "../util/files.ts";

/** Whether a file of a wheel is wanted, by its path in there. */
export type Wanted = (path: string) => boolean;

/** The largest library of TensorFlow has 1.1 GB, cuDNN's and cuBLAS's are smaller. */
const MAX_BYTES = 12 * 2 ** 30;

/**
 * Unpacks the wanted files of a wheel, with their mode. Nothing is written outside of the folder, and no more bytes than the
 * wheel's directory promises. @returns the paths in the wheel of what was written
 * @throws InputError when the file is no whole zip, or is hostile; an error of the file system as it is
 */
export async function unpackWheel(
  wheel: string,
  folder: string,
  wanted: Wanted,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  return readZip(wheel, async (zip) => {
    const written: string[] = [];
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      const { fileName, uncompressedSize } = entry;
      if (fileName.endsWith("/") || !wanted(fileName)) continue;
      bytes += uncompressedSize;
      if (bytes > MAX_BYTES) throw new InputError(`${wheel}: what is in it is far too large`);
      const path = join(folder, fileName); // yauzl refuses names with .. and absolute ones
      await makeFolder(dirname(path));
      await rm(path, { force: true }); // else a link there would be followed, and a library in use written to
      const mode = (entry.externalFileAttributes >>> 16) & 0o111 ? 0o755 : 0o644;
      const source = await zip.openReadStreamPromise(entry);
      await pipeline(source, createWriteStream(path, { mode }), { ...(signal && { signal }) });
      written.push(fileName);
    }
    return written;
  });
}

async function readZip<T>(path: string, work: (zip: ZipFile) => Promise<T>): Promise<T> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true });
    return await work(zip);
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException;
    if (error instanceof InputError || error.syscall !== undefined || error.name === "AbortError") throw error;
    throw new InputError(`${path}: cannot be unpacked: ${error.message}`, {
      hint: "delete the file and start the same command again",
      cause,
    });
  } finally {
    zip?.close();
  }
}
