import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { readDownloads } from "../../../src/data/download/manifest.ts";
import { InputError } from "../../../src/util/errors.ts";
import { download, filesIn } from "../../support/downloads.ts";
import * as behave from "../../support/image-server.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

/** Files, numbered in the order they are begun, that the disk has room for only in part. */
const disk = vi.hoisted((): { lacksRoomFor: RegExp | null } => ({ lacksRoomFor: null }));

vi.mock("node:fs/promises", async (load) => {
  const real = await load<typeof import("node:fs/promises")>();
  const full = () =>
    Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  const open: typeof real.open = async (path, ...rest) => {
    const file = await real.open(path, ...rest);
    if (!disk.lacksRoomFor?.test(String(path))) return file;
    const write = file.writeFile.bind(file);
    file.writeFile = async (data) => {
      await write((data as Buffer).subarray(0, 100));
      throw full();
    };
    return file;
  };
  return { ...real, default: real, open };
});

afterEach(() => {
  disk.lacksRoomFor = null;
});

const folder = join(workFolder(FAST_FOLDER), "images");
let photograph: Buffer;
beforeAll(async () => {
  [photograph] = await behave.photographs(1);
});

test("a full disk ends the download: what is there stays, nothing is left half, and it can go on", async () => {
  await using server = await behave.startImageServer();
  const links = Array.from({ length: 9 }, (_, i) => server.serve(`/${i}.jpg`, behave.image(photograph)));
  disk.lacksRoomFor = /download-5\.part$/;
  const error = await download([server.host], { links, folder, settings: { concurrency: 1 } }).catch(
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  expect(error).toMatchObject({
    message: `${folder}: could not be written to: ENOSPC: no space left on device, write; 4 of 9 photographs are there`,
    hint: "make room on that disk, then start the same command again: it fetches what is missing",
    exitCode: 2,
  });
  expect(filesIn(folder)).toEqual(["0.jpg", "1.jpg", "2.jpg", "3.jpg"]);
  expect(await readDownloads(join(folder, "manifest.jsonl"))).toHaveLength(4);

  disk.lacksRoomFor = null;
  expect(await download([server.host], { links, folder })).toMatchObject({ present: 4, fetched: 5, failed: 0 });
});

test("the others on the way are given up, and leave nothing either", async () => {
  await using server = await behave.startImageServer();
  const slow = [0, 1, 2].map((i) => server.serve(`/slow${i}.jpg`, behave.drip(photograph)));
  const links = [...slow, server.serve("/last.jpg", behave.image(photograph))];
  disk.lacksRoomFor = /download-4\.part$/;
  const other = `${folder}-2`;
  await expect(download([server.host], { links, folder: other })).rejects.toThrow(/ENOSPC/);
  expect(existsSync(other)).toBe(true);
  expect(filesIn(other)).toEqual([]);
});
