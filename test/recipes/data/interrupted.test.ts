import { copyFileSync, readdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDataSettings } from "../../../src/config/load.ts";
import { cleanTable } from "../../../src/recipes/data/clean.ts";
import { cutParts } from "../../../src/recipes/data/parts.ts";
import { sampleTable } from "../../../src/recipes/data/sample.ts";
import { splitTable } from "../../../src/recipes/data/split.ts";
import type { TableJob } from "../../../src/recipes/data/table-job.ts";
import { InputError, InterruptedError } from "../../../src/util/errors.ts";
import { mountSmallDisk } from "../../support/small-disk.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
const disk = join(folder, "disk");
const mounted = mountSmallDisk(disk);
const settings = parseDataSettings({ sample: { size: 20_000 } });

/** 40,000 rows with an index, several megabytes: more than one block, and more than the small disk holds. */
function writeLongTable(): string {
  const path = join(folder, "long.csv");
  const rows = Array.from(
    { length: 40_000 },
    (_, i) => `${i},https://host/images/${i}-photograph.jpg,1,width,${i}.5 inch`,
  );
  writeFileSync(path, ["index,image_link,group_id,entity_name,entity_value", ...rows, ""].join("\n"));
  return path;
}

const long = writeLongTable();

const JOBS: [string, (home: string, job: TableJob) => Promise<unknown>][] = [
  ["clean", (home, job) => cleanTable({ input: long, output: join(home, "c.csv"), settings: settings.clean, ...job })],
  ["split", (home, job) => splitTable({ input: long, folder: home, settings: settings.split, val: 0.5, ...job })],
  ["sample", (home, job) => sampleTable({ input: long, output: join(home, "s.csv"), settings, val: 0, ...job })],
  ["parts", (home, job) => cutParts({ input: long, parts: 2, folder: home, ...job })],
];

test.each(JOBS)("%s that is stopped half-way leaves nothing behind", async (name, run) => {
  const home = join(folder, `stopped-${name}`);
  writeFileSync(join(folder, "keep"), "");
  const stop = new AbortController();
  const observer = { read: (done: number, total: number) => void (done > total / 2 && stop.abort()) };
  await splitTable({ input: long, folder: home, settings: settings.split }); // makes the folder
  const before = readdirSync(home);
  await expect(run(home, { observer, signal: stop.signal })).rejects.toThrow(InterruptedError);
  expect(readdirSync(home)).toEqual(before);
});

test.skipIf(!mounted).each(JOBS)("%s onto a full disk says so, and leaves nothing behind", async (_, run) => {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, "ballast"), new Uint8Array(bavail * bsize - 200_000));
  const failed = expect(run(disk, {})).rejects;
  await failed.toThrow(/could not be written.*no space left on device/i);
  expect(readdirSync(disk)).toEqual(["ballast"]);
  writeFileSync(join(disk, "ballast"), "");
});

test.skipIf(!mounted)("a full disk is bad input, with what is needed", async () => {
  copyFileSync(long, join(folder, "copy.csv"));
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, "ballast"), new Uint8Array(bavail * bsize));
  const [, clean] = JOBS[0];
  await expect(clean(disk, {})).rejects.toThrow(InputError);
  await expect(clean(disk, {})).rejects.toMatchObject({ hint: expect.stringMatching(/^make room/) });
});

test.each([
  [
    "a size that is no number of rows",
    (home: string) =>
      sampleTable({
        input: long,
        output: join(home, "s"),
        settings: { ...settings, sample: { ...settings.sample, size: 0 } },
      }),
  ],
  ["a share beyond 1", (home: string) => splitTable({ input: long, folder: home, settings: settings.split, val: 7 })],
  ["no parts", (home: string) => cutParts({ input: long, folder: home, parts: 0 })],
])("%s is refused of a program, too", async (_, run) => {
  await expect(run(folder)).rejects.toThrow(InputError);
});
