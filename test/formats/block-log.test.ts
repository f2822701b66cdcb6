import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BlockLogEntry, openBlockLog, readBlockLog } from "../../src/formats/block-log.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
let files = 0;
const freshPath = () => join(folder, `run-${files++}.wandb`);

/** Records of lengths that meet the edges of blocks in every way, each filled with its own noise. */
const records = fc.array(
  fc
    .oneof(
      { weight: 4, arbitrary: fc.nat({ max: 300 }) },
      { weight: 2, arbitrary: fc.integer({ min: 32_700, max: 32_780 }) },
      { weight: 1, arbitrary: fc.nat({ max: 100_000 }) },
    )
    .chain((length) => fc.nat().map((seed) => noise(length, seed))),
  { minLength: 1, maxLength: 12 },
);

function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = seed | 1; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Where each record ends. */
function write(path: string, payloads: readonly Uint8Array[]): number[] {
  const log = openBlockLog(path);
  const ends = payloads.map((payload) => log.append(payload));
  log.close();
  return ends;
}

function readAll(path: string, position = 0): BlockLogEntry[] {
  const reader = readBlockLog(path, position);
  const entries: BlockLogEntry[] = [];
  for (let entry = reader.next(); entry; entry = reader.next()) entries.push(entry);
  reader.close();
  return entries;
}

const payloadsOf = (entries: readonly BlockLogEntry[]) =>
  entries.flatMap((entry) => (entry.kind === "record" ? [Buffer.from(entry.payload).toString("base64")] : []));
const texts = (payloads: readonly Buffer[]) => payloads.map((payload) => payload.toString("base64"));

test("records of any size are read as they were written, from the start or behind any of them", () => {
  fc.assert(
    fc.property(records, fc.nat(), (payloads, from) => {
      const path = freshPath();
      const ends = write(path, payloads);
      expect(payloadsOf(readAll(path))).toEqual(texts(payloads));
      expect(readAll(path).map(({ end }) => end)).toEqual(ends);
      const skipped = from % payloads.length;
      expect(payloadsOf(readAll(path, ends[skipped]!))).toEqual(texts(payloads.slice(skipped + 1)));
    }),
    { numRuns: 40 },
  );
});

test("a file that is cut at any byte gives the whole records before it, and is written on behind them", () => {
  fc.assert(
    fc.property(records, fc.double({ min: 0, max: 1, noNaN: true }), (payloads, share) => {
      const path = freshPath();
      const ends = write(path, payloads);
      const cut = Math.floor(share * ends.at(-1)!);
      truncateSync(path, cut);
      const whole = payloads.filter((_, i) => ends[i]! <= cut);
      expect(payloadsOf(readAll(path))).toEqual(texts(whole));
      const more = [Buffer.from("after"), noise(40_000, 7)];
      write(path, more);
      expect(payloadsOf(readAll(path))).toEqual(texts([...whole, ...more]));
    }),
    { numRuns: 40 },
  );
});

test("a small file that is cut at each of its bytes", () => {
  const payloads = [Buffer.from("first"), Buffer.alloc(0), Buffer.from("third one")];
  const path = freshPath();
  const ends = write(path, payloads);
  const bytes = readFileSync(path);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const part = freshPath();
    writeFileSync(part, bytes.subarray(0, cut));
    const whole = payloads.filter((_, i) => ends[i]! <= cut);
    expect(payloadsOf(readAll(part))).toEqual(texts(whole));
    write(part, [Buffer.from("more")]);
    expect(payloadsOf(readAll(part))).toEqual(texts([...whole, Buffer.from("more")]));
  }
});

test("bytes that are wrong lose the records that they touch, and no other", () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.integer({ min: 1, max: 12 }), (payloads, place, length) => {
      const path = freshPath();
      const ends = write(path, payloads);
      const bytes = readFileSync(path);
      const from = 7 + (place % (bytes.length - 7));
      const to = Math.min(from + length, bytes.length);
      for (let i = from; i < to; i++) bytes[i]! ^= 0xa5;
      writeFileSync(path, bytes);
      const found = readAll(path);
      const untouched = payloads.filter((_, i) => ends[i]! <= from || (ends[i - 1] ?? 7) >= to);
      const [all, seen] = [new Set(texts(payloads)), new Set(payloadsOf(found))];
      expect(texts(untouched).every((text) => seen.has(text))).toBe(true);
      expect([...seen].every((text) => all.has(text))).toBe(true);
      for (const [i, entry] of found.entries()) {
        if (entry.kind === "broken") expect(entry.end - entry.bytes).toBe(found[i - 1]?.end ?? 7);
      }
    }),
    { numRuns: 40 },
  );
});

test("what is broken in the middle is told with its bytes", () => {
  const path = freshPath();
  const ends = write(path, [Buffer.from("one"), Buffer.from("two"), Buffer.from("three")]);
  const bytes = readFileSync(path);
  bytes[ends[1]! - 1]! ^= 1;
  writeFileSync(path, bytes);
  const [one, lost, three] = readAll(path);
  expect(lost).toEqual({ kind: "broken", bytes: ends[1]! - ends[0]!, end: ends[1] });
  expect(payloadsOf([one!, three!])).toEqual(texts([Buffer.from("one"), Buffer.from("three")]));
});

test("a reader waits at the end of a growing file, be a record half there or its last bytes wrong", () => {
  const [path, source] = [freshPath(), freshPath()];
  const ends = write(source, [Buffer.from("one"), noise(50_000, 3), Buffer.from("three")]);
  const bytes = readFileSync(source);
  writeFileSync(path, "");
  const reader = readBlockLog(path);
  let written = 0;
  const grow = (to: number) => {
    appendFileSync(path, bytes.subarray(written, to));
    written = to;
    return reader.next();
  };
  expect(reader.next()).toBeUndefined();
  expect(grow(4)).toBeUndefined();
  expect(grow(7)).toBeUndefined();
  expect(grow(ends[0]! - 1)).toBeUndefined();
  expect(grow(ends[0]!)?.end).toBe(ends[0]);
  expect(grow(32_768)).toBeUndefined();
  expect(grow(ends[1]! - 1)).toBeUndefined();
  expect(reader.unread()).toBe(ends[1]! - 1 - ends[0]!);
  expect(grow(ends[2]!)?.end).toBe(ends[1]);
  expect(reader.next()?.end).toBe(ends[2]);
  expect(reader.next()).toBeUndefined();
  expect([reader.position, reader.unread()]).toEqual([ends[2], 0]);
  reader.close();
});

test("the bytes are those of the format: header, plain CRC-32 over type and data, length, type", () => {
  const path = freshPath();
  write(path, [Buffer.from("abc")]);
  // zlib.crc32(b"\x01abc") in Python
  expect(readFileSync(path).toString("hex")).toBe("3a572642e1be00" + "a9209d53" + "0300" + "01" + "616263");
});

test("another file is refused, by reader and writer, and left as it is", () => {
  const path = freshPath();
  writeFileSync(path, "step,loss\n1,2\n");
  expect(() => readAll(path)).toThrow(
    /run-\d+\.wandb: is no log of Weights & Biases: it begins with the bytes 73746570/,
  );
  expect(() => openBlockLog(path)).toThrow(/is no log/);
  expect(readFileSync(path, "utf8")).toBe("step,loss\n1,2\n");
});

test("a missing file is made by the writer, not by the reader", () => {
  const path = freshPath();
  expect(() => readBlockLog(path)).toThrow(/ENOENT/);
  expect(existsSync(path)).toBe(false);
  openBlockLog(path).close();
  expect(existsSync(path)).toBe(true);
});
