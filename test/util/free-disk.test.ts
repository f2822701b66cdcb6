import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { requireFreeDisk } from "../../src/util/free-disk.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

test("a disk with room is none to complain of, whether the folder is there or not", async () => {
  await requireFreeDisk(folder, 1);
  await requireFreeDisk(join(folder, "not", "yet"), 1);
});

test("a disk without room is refused with the bytes needed and found", async () => {
  await expect(requireFreeDisk(join(folder, "not", "yet"), 1e18)).rejects.toThrow(
    /not\/yet: 1,000,000,000,000,000,000 bytes are needed on that disk, [\d,]+ bytes are free/,
  );
});

const disk = join(folder, "disk");
// A small disk takes Linux and root.
test.skipIf(!mountSmallDisk(disk))("the disk that counts is the one the folder will be on", async () => {
  const { bavail, bsize } = statfsSync(disk);
  mkdirSync(join(disk, "a"));
  await requireFreeDisk(join(disk, "a", "b"), bavail * bsize - bsize);
  await expect(requireFreeDisk(join(disk, "a", "b"), bavail * bsize + 1)).rejects.toThrow(/are needed on that disk/);
});
