import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { InputError } from "../util/errors.ts";

/**
 * The transaction log of Weights & Biases, `run-<id>.wandb`: records in the blocks of LevelDB's log format. The file begins
 * with 7 bytes of its own, which count as part of the first block of 32 KiB. A record is one chunk or several: checksum
 * (4 bytes), length (2), type (1), data; numbers are little-endian. A block's last 6 bytes or fewer stay zero, for no
 * chunk begins there. The checksum is the plain CRC-32 of type and data, where LevelDB has a masked CRC-32C.
 */
const HEADER = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]);
const BLOCK = 32_768;
const CHUNK_HEADER = 7;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];
const TYPE_BYTES = Array.from({ length: LAST + 1 }, (_, type) => Uint8Array.of(type));

/** Adds records to a log. One writer at a time. */
export interface BlockLogWriter {
  /** Bytes of the file; where the next record begins. */
  readonly end: number;
  /**
   * Writes a record with one call and returns where it ends. A process killed afterwards has written it.
   * @throws the error of the file system; nothing of the record is then in the file, and another may be tried
   */
  append(payload: Uint8Array): number;
  /** Waits until the disk has what was written. */
  sync(): void;
  close(): void;
}

/**
 * Opens a log to write on, or makes one. What stands behind its last whole record, the beginning of one whose writer was
 * killed, is cut off first. @throws InputError when the file is no such log; the error of the file system
 */
export function openBlockLog(path: string): BlockLogWriter {
  const log = openSync(path, constants.O_RDWR | constants.O_CREAT);
  try {
    const end = endOfLastRecord(path);
    ftruncateSync(log, end);
    return writerOf(log, end);
  } catch (cause) {
    closeSync(log);
    throw cause;
  }
}

function endOfLastRecord(path: string): number {
  const reader = readBlockLog(path);
  try {
    while (reader.next()) {}
    return reader.position;
  } finally {
    reader.close();
  }
}

function writerOf(file: number, start: number): BlockLogWriter {
  let end = start;
  let scratch = Buffer.alloc(2 * BLOCK);
  return {
    get end() {
      return end;
    },
    append(payload) {
      const needed = HEADER.length + payload.length + (2 + Math.ceil(payload.length / (BLOCK - CHUNK_HEADER))) * 14;
      if (needed > scratch.length) scratch = Buffer.alloc(needed);
      const length = layRecord(scratch, end, payload);
      writeWhole(file, scratch.subarray(0, length), end);
      if (scratch.length > 64 * BLOCK) scratch = Buffer.alloc(2 * BLOCK);
      end += length;
      return end;
    },
    sync: () => fdatasyncSync(file),
    close: () => closeSync(file),
  };
}

/** Lays a record's chunks, as they follow `position` of the file, at the beginning of `target`. Returns their bytes. */
function layRecord(target: Buffer, position: number, payload: Uint8Array): number {
  let length = position === 0 ? HEADER.copy(target) : 0;
  let [taken, isFirst] = [0, true];
  do {
    const room = BLOCK - ((position + length) % BLOCK);
    if (room < CHUNK_HEADER) {
      target.fill(0, length, length + room);
      length += room;
      continue;
    }
    const data = payload.subarray(taken, taken + room - CHUNK_HEADER);
    taken += data.length;
    const isLast = taken === payload.length;
    const type = isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;
    target.writeUInt32LE(checksum(type, data), length);
    target.writeUInt16LE(data.length, length + 4);
    target[length + 6] = type;
    target.set(data, length + CHUNK_HEADER);
    length += CHUNK_HEADER + data.length;
    isFirst = false;
  } while (isFirst || taken < payload.length);
  return length;
}

function checksum(type: number, data: Uint8Array): number {
  const ofType = crc32(TYPE_BYTES[type]!);
  return data.length === 0 ? ofType : crc32(data, ofType); // zlib begins anew where an array has no bytes at all
}

/** A disk that fills up takes a part of what it is given; the next call then says why. */
function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(file, bytes, done, bytes.length - done, position + done);
    }
  } catch (cause) {
    ftruncateSync(file, position);
    throw cause;
  }
}

/** A record, or bytes between records that belong to none. Both end at the byte `end` of the file. */
export type BlockLogEntry =
  | { readonly kind: "record"; readonly payload: Uint8Array; readonly end: number }
  | { readonly kind: "broken"; readonly bytes: number; readonly end: number };

/** Reads a log from front to back, be it still written or not. It holds a megabyte of the file, and one record. */
export interface BlockLogReader {
  /** End of the last entry. A reader that is opened there goes on with the next. */
  readonly position: number;
  /**
   * The next entry; undefined when no whole record follows. Then the file may grow, and the same call may be made again.
   * What is broken is told once a record is found to begin behind it: before that it may be a record in the making.
   */
  next(): BlockLogEntry | undefined;
  /** Bytes of the file behind `position`. Those that stay when the writer has ended are a record it did not finish. */
  unread(): number;
  close(): void;
}

/** @param position 0 or the end of an entry. @throws InputError when the file is no such log; the file system's error */
export function readBlockLog(path: string, position = 0): BlockLogReader {
  const file = openSync(path, "r");
  const chunks = new Chunks(file);
  let [at, isChecked] = [position, false];
  let barren: number | undefined; // the size at which nothing more was found
  return {
    get position() {
      return at;
    },
    next() {
      if (barren !== undefined && chunks.size() === barren) return undefined;
      isChecked ||= isLog(path, chunks.bytes(0, HEADER.length));
      if (isChecked) at ||= HEADER.length;
      let entry = isChecked ? nextEntry(chunks, at) : undefined;
      if (entry?.kind !== "record") {
        // What was read before may have been written since.
        barren = chunks.size();
        chunks.forget();
        entry = isChecked ? nextEntry(chunks, at) : undefined;
      }
      if (entry) [at, barren] = [entry.end, undefined];
      else chunks.forget();
      return entry;
    },
    unread: () => fstatSync(file).size - at,
    close: () => closeSync(file),
  };
}

/** False when the file is too short to say. @throws InputError */
function isLog(path: string, start: Buffer): boolean {
  if (HEADER.subarray(0, start.length).equals(start)) return start.length === HEADER.length;
  throw new InputError(`${path}: is no log of Weights & Biases: it begins with the bytes ${start.toString("hex")}`, {
    hint: `name a file run-<id>.wandb; such a log begins with ${HEADER.toString("hex")}`,
  });
}

interface Chunk {
  readonly type: number;
  /** Valid until the next chunk is asked for. */
  readonly data: Uint8Array;
  readonly end: number;
}

const begins = ({ type }: Chunk) => type === FULL || type === FIRST;
const ends = ({ type }: Chunk) => type === FULL || type === LAST;

function nextEntry(chunks: Chunks, from: number): BlockLogEntry | undefined {
  let chunk = chunks.at(from);
  if (!chunk || !begins(chunk)) return brokenFrom(chunks, from, chunk?.end ?? from + 1);
  const parts = [Buffer.from(chunk.data)];
  while (!ends(chunk)) {
    const next = chunks.at(chunk.end);
    if (!next || begins(next)) return brokenFrom(chunks, from, chunk.end);
    parts.push(Buffer.from(next.data));
    chunk = next;
  }
  return { kind: "record", payload: parts.length === 1 ? parts[0]! : Buffer.concat(parts), end: chunk.end };
}

/**
 * What is lost ends where a record begins, searched from `search` on, byte by byte where no chunk is. LevelDB goes to the
 * next block instead and so loses what is whole in this one. That data looks like a chunk has a chance of one in 2^32.
 */
function brokenFrom(chunks: Chunks, from: number, search: number): BlockLogEntry | undefined {
  const size = chunks.size();
  for (let at = search; at < size; ) {
    const chunk = chunks.at(at);
    if (chunk && begins(chunk)) return { kind: "broken", bytes: at - from, end: at };
    at = chunk?.end ?? at + 1;
  }
  return undefined;
}

/** Chunks by their place in the file, which is read some blocks at a time. */
class Chunks {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(32 * BLOCK);
  #start = 0;
  #length = 0;

  constructor(file: number) {
    this.#file = file;
  }

  size(): number {
    return fstatSync(this.#file).size;
  }

  /** What was read is read anew: the file may have grown. */
  forget(): void {
    this.#length = 0;
  }

  /** The chunk at `position`, or behind the zeros that end a block there; undefined when it is not whole. */
  at(position: number): Chunk | undefined {
    const inBlock = BLOCK - (position % BLOCK);
    const [start, room] = inBlock < CHUNK_HEADER ? [position + inBlock, BLOCK] : [position, inBlock];
    const bytes = this.bytes(start, room);
    if (bytes.length < CHUNK_HEADER) return undefined;
    const type = bytes[6]!;
    const length = bytes.readUInt16LE(4);
    if (type < FULL || type > LAST || CHUNK_HEADER + length > bytes.length) return undefined;
    const data = bytes.subarray(CHUNK_HEADER, CHUNK_HEADER + length);
    if (checksum(type, data) !== bytes.readUInt32LE()) return undefined;
    return { type, data, end: start + CHUNK_HEADER + length };
  }

  /** @param length bytes within a block; fewer at the end of the file as it was when this part of it was read */
  bytes(start: number, length: number): Buffer {
    const isEndOfFile = this.#length < this.#buffer.length;
    const end = this.#start + this.#length;
    if (start < this.#start || start >= end || (start + length > end && !isEndOfFile)) {
      this.#start = start - (start % BLOCK);
      this.#length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, this.#start);
    }
    const offset = start - this.#start;
    return this.#buffer.subarray(offset, Math.max(offset, Math.min(offset + length, this.#length)));
  }
}
