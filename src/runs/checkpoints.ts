import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { openBytes, PIECE } from "../formats/byte-source.ts";
import { InputError } from "../util/errors.ts";
import { makeFolder, replaceFolderAtomic } from "../util/files.ts";

const CHECKSUMS = "checksums.json";

/**
 * Replaces the checkpoint at `folder` by `files`, with `checksums.json` (SHA-256 of each) beside them. Whenever the
 * process dies or the disk fills up, the earlier checkpoint or this one is there, whole. One writer at a time.
 * @param piece bytes that are hashed in one call
 */
export async function saveCheckpoint(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  piece = PIECE,
): Promise<void> {
  const checksums = Object.fromEntries(Object.entries(files).map(([name, data]) => [name, checksum(data, piece)]));
  await makeFolder(dirname(folder));
  await replaceFolderAtomic(folder, { ...files, [CHECKSUMS]: `${JSON.stringify(checksums, null, 2)}\n` });
}

/** Where the checkpoint `folder` can be read: there, or, in the middle of a replacement, at its earlier version. */
export function findCheckpoint(folder: string): string | undefined {
  return [folder, `${folder}.old`].find((place) => existsSync(join(place, CHECKSUMS)));
}

/**
 * The bytes of each file of a checkpoint, by name. Only reads, so it may run beside a trainer which replaces the
 * checkpoint: one that changed in between is read again.
 * @param piece bytes that are read, or hashed, in one call
 * @throws InputError naming the file when one is missing or not as it was written.
 */
export async function loadCheckpoint(folder: string, piece = PIECE): Promise<Readonly<Record<string, Uint8Array>>> {
  try {
    return await readChecked(findCheckpoint(folder) ?? folder, piece);
  } catch {
    return readChecked(findCheckpoint(folder) ?? folder, piece);
  }
}

/** The path of each file of a checkpoint, by name; reads none of them. @throws InputError when its list of files is broken */
export async function listCheckpoint(folder: string): Promise<Readonly<Record<string, string>>> {
  const place = findCheckpoint(folder) ?? folder;
  const names = Object.keys(await readChecksums(place, PIECE));
  return Object.fromEntries(names.map((name) => [name, join(place, name)]));
}

async function readChecked(folder: string, piece: number): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const [name, expected] of Object.entries(await readChecksums(folder, piece))) {
    const file = join(folder, name);
    files[name] = await read(file, piece);
    if (checksum(files[name], piece) !== expected) {
      throw new InputError(`${file}: damaged: its SHA-256 is not the one in ${CHECKSUMS}`, {
        hint: "go on from another checkpoint of this run, or train again",
      });
    }
  }
  return files;
}

async function readChecksums(folder: string, piece: number): Promise<Record<string, string>> {
  const file = join(folder, CHECKSUMS);
  try {
    const checksums = JSON.parse(Buffer.from(await read(file, piece)).toString("utf8")) as Record<string, string>;
    if (Object.keys(checksums).every((name) => name === basename(name))) return checksums;
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
  }
  throw new InputError(`${file}: not a list of file names with their SHA-256`, { hint: "this checkpoint is damaged" });
}

async function read(file: string, piece: number): Promise<Uint8Array> {
  try {
    const source = await openBytes(file, piece);
    try {
      const bytes = new Uint8Array(source.size);
      await source.read(bytes, 0);
      return bytes;
    } finally {
      await source.close();
    }
  } catch (cause) {
    const { message } = cause as Error;
    throw new InputError(cause instanceof InputError ? message : `${file}: cannot be read: ${message}`, {
      hint: "this folder is no whole checkpoint of amlc",
      cause,
    });
  }
}

function checksum(data: string | Uint8Array, piece: number): string {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += piece) hash.update(bytes.subarray(at, at + piece));
  return hash.digest("hex");
}
