import { open } from "node:fs/promises";
import { InputError } from "../util/errors.ts";

/** Bytes that are read piece by piece: a file, or what was read of one. */
export interface ByteSource {
  /** For errors: the path. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Fills `into` from `position` on. @throws InputError when the bytes end before. */
  read(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** One call reads or hashes at most 2³¹−1 bytes; PaliGemma's embedding alone is longer. */
export const PIECE = 2 ** 30;

/**
 * @param piece bytes of a read call
 * @throws InputError naming a path that cannot be opened or is no file
 */
export async function openBytes(path: string, piece = PIECE): Promise<ByteSource> {
  const file = await open(path, "r").catch((cause: Error) => {
    throw new InputError(`${path}: cannot be opened: ${cause.message}`, { cause });
  });
  const stat = await file.stat();
  if (!stat.isFile()) {
    await file.close();
    throw new InputError(`${path}: is not a file`);
  }
  const read = async (into: Uint8Array, position: number) => {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await file.read(into, done, Math.min(piece, into.length - done), position + done);
      if (bytesRead === 0) throw endsEarly(path);
      done += bytesRead;
    }
  };
  return { name: path, size: stat.size, read, close: () => file.close() };
}

export function bytesInMemory(name: string, bytes: Uint8Array): ByteSource {
  const read = async (into: Uint8Array, position: number) => {
    if (position + into.length > bytes.length) throw endsEarly(name);
    into.set(bytes.subarray(position, position + into.length));
  };
  return { name, size: bytes.length, read, close: async () => {} };
}

const endsEarly = (name: string) =>
  new InputError(`${name}: ends before the bytes that were asked for`, { hint: "fetch or write the file again" });
