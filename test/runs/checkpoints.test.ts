import type * as Crypto from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type * as Promises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { findCheckpoint, listCheckpoint, loadCheckpoint, saveCheckpoint } from "../../src/runs/checkpoints.ts";

/** Bytes that one call takes, in the place of 2³¹−1. */
const most = vi.hoisted(() => ({ bytes: Number.POSITIVE_INFINITY }));
const refuse = vi.hoisted(() => (bytes: number) => {
  if (bytes > most.bytes) throw new RangeError("data is too long");
});

vi.mock("node:crypto", async (original) => {
  const real = await original<typeof Crypto>();
  const createHash = (algorithm: string) => {
    const hash = real.createHash(algorithm);
    const update = hash.update.bind(hash);
    hash.update = ((data: Uint8Array) => {
      refuse(data.length);
      return update(data);
    }) as typeof hash.update;
    return hash;
  };
  return { ...real, createHash };
});

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof Promises>();
  const readFile = async (...args: Parameters<typeof real.readFile>) => {
    const { size } = await real.stat(args[0] as string);
    refuse(size);
    return real.readFile(...args);
  };
  const open = async (...args: Parameters<typeof real.open>) => {
    const file = await real.open(...args);
    const read = file.read.bind(file) as (...args: unknown[]) => unknown;
    file.read = ((into: Uint8Array, at: number, length: number, position: number) => {
      refuse(length);
      return read(into, at, length, position);
    }) as unknown as typeof file.read;
    return file;
  };
  return { ...real, readFile, open };
});

const newFolder = () => join(mkdtempSync(join(tmpdir(), "amlc-checkpoint-")), "checkpoints", "last");

test("a checkpoint comes back byte for byte, the newest in place of the earlier", async () => {
  const folder = newFolder();
  expect(findCheckpoint(folder)).toBeUndefined();
  await saveCheckpoint(folder, { "old.bin": new Uint8Array([9]) });
  await saveCheckpoint(folder, { "adapter.bin": new Uint8Array([1, 2, 255]), "state.json": "{}" });
  const files = await loadCheckpoint(folder);
  expect(Object.keys(files)).toEqual(["adapter.bin", "state.json"]);
  expect([...files["adapter.bin"]]).toEqual([1, 2, 255]);
  expect(new TextDecoder().decode(files["state.json"])).toBe("{}");
});

test("a file of more bytes than one call takes is saved and read in pieces", async () => {
  const folder = newFolder();
  const data = Uint8Array.from({ length: 1000 }, (_, i) => i);
  await saveCheckpoint(folder, { "optimizer.bin": data });
  const checksums = () => readFileSync(join(folder, "checksums.json"), "utf8");
  const inOnePiece = checksums();
  most.bytes = 64;
  try {
    await saveCheckpoint(folder, { "optimizer.bin": data }, 64);
    expect(checksums()).toBe(inOnePiece);
    expect((await loadCheckpoint(folder, 64))["optimizer.bin"]).toEqual(data);
  } finally {
    most.bytes = Number.POSITIVE_INFINITY;
  }
});

test("the files of a checkpoint are listed without being read", async () => {
  const folder = newFolder();
  await saveCheckpoint(folder, { "a.bin": new Uint8Array([1]), "b.json": "{}" });
  writeFileSync(join(folder, "a.bin"), "damaged");
  writeFileSync(join(folder, "stray.txt"), "of no checkpoint");
  expect(await listCheckpoint(folder)).toEqual({ "a.bin": join(folder, "a.bin"), "b.json": join(folder, "b.json") });
});

test("in the middle of a replacement the earlier checkpoint is read", async () => {
  const folder = newFolder();
  await saveCheckpoint(folder, { a: "1" });
  renameSync(folder, `${folder}.old`);
  expect(new TextDecoder().decode((await loadCheckpoint(folder)).a)).toBe("1");
});

test("one flipped byte is noticed and its file named", async () => {
  const folder = newFolder();
  await saveCheckpoint(folder, { "adapter.bin": "good" });
  writeFileSync(join(folder, "adapter.bin"), "goof");
  await expect(loadCheckpoint(folder)).rejects.toThrow(`${join(folder, "adapter.bin")}: damaged`);
});

test.each([
  ["a path out of the folder", '{"../../secret": "00"}', "not a list of file names"],
  ["no list", "null", "not a list of file names"],
  ["a file that is gone", '{"gone": "00"}', "gone: cannot be opened"],
])("%s in checksums.json is refused", async (_, text, message) => {
  const folder = newFolder();
  await saveCheckpoint(folder, {});
  writeFileSync(join(folder, "checksums.json"), text);
  await expect(loadCheckpoint(folder)).rejects.toThrow(message);
});
