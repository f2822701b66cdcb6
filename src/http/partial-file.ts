import { open, stat } from "node:fs/promises";
import { type Bounds, chunksOf, fileTooLarge } from "./body.ts";

/** Bytes that are there of a file, none of one that is not there. */
export const bytesIn = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

/** The header that asks for what is behind these bytes; without any, none. */
export const rangeBehind = (bytes: number): Readonly<Record<string, string>> =>
  bytes > 0 ? { range: `bytes=${bytes}-` } : {};

/** The bounds are those of the whole file. */
export interface AppendOptions extends Bounds {
  /** How many bytes the file keeps: all that it has, or none. */
  readonly kept: number;
  /** Told after each portion how many it has now, and how many came. */
  readonly onBytes: (done: number, fresh: number) => void;
}

/**
 * Writes what comes into a file, where it outlasts the program. @returns the bytes that the file then has
 * @throws HttpFault for what the network does; an error of the file system as it is
 */
export async function append(file: string, body: AsyncIterable<Buffer>, options: AppendOptions): Promise<number> {
  const { kept, maxBytes, tooLarge = fileTooLarge(maxBytes), onBytes } = options;
  let done = kept;
  await using handle = await open(file, kept > 0 ? "a" : "w");
  for await (const chunk of chunksOf(body, { maxBytes: maxBytes - kept, tooLarge })) {
    await handle.writeFile(chunk);
    done += chunk.length;
    onBytes(done, chunk.length);
  }
  await handle.sync();
  return done;
}
