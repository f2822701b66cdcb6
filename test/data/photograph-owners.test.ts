import { existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findUnowned } from "../../src/data/photograph-owners.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const [first, second] = ["https://cdn/get.jpg?id=1", "https://cdn/get.jpg?id=2"];

/** A folder of photographs with what its download says of them. */
function photographs(name: string, files: readonly string[], entries: readonly object[]): string {
  const images = join(folder, name);
  mkdirSync(images);
  for (const file of files) writeFileSync(join(images, file), "photograph");
  const lines = entries.map((entry) => JSON.stringify({ sha256: null, reason: null, attempts: 1, ...entry }));
  if (lines.length > 0) writeFileSync(join(images, "manifest.jsonl"), `${lines.join("\n")}\n`);
  return images;
}

const fetched = (link: string, bytes = 10) => ({ link, file: "get.jpg", status: "ok", bytes });

test("of links with one file name the first in the table has the file, where no download says whose it is", async () => {
  const images = photographs("unknown", ["get.jpg"], []);
  const unowned = await findUnowned([first, first, second, "https://cdn/"], images);
  expect([...unowned.keys()]).toEqual([second]);
  expect(unowned.get(second)).toBe(`its photograph's file, get.jpg, is that of ${first}`);
});

test("else the link has it that the download gave it to, be it of another table", async () => {
  const images = photographs("known", ["get.jpg"], [fetched(second)]);
  expect([...(await findUnowned([first, second], images)).keys()]).toEqual([first]);
  expect([...(await findUnowned([first], images)).keys()]).toEqual([first]);
});

test("of two downloads that had it the one whose bytes are there, and a failed one has none", async () => {
  const failed = { ...fetched(first), file: null, status: "failed", bytes: 0 };
  const other = "https://cdn/get.jpg?id=3";
  const images = photographs("replaced", ["get.jpg"], [failed, fetched(other, 99), fetched(second)]);
  expect([...(await findUnowned([first, second, other], images)).keys()]).toEqual([first, other]);
});

test("a name that differs in case alone is another file, unless it leads to the same one", async () => {
  const [other, links] = ["https://cdn/2/GET.jpg", [first, "https://cdn/2/GET.jpg", "https://cdn/3/Get.jpg"]];
  const images = photographs("cases", ["get.jpg"], [fetched(first)]);
  if (existsSync(join(images, "GET.jpg")))
    return expect([...(await findUnowned(links, images)).keys()]).toContain(other);
  writeFileSync(join(images, "GET.jpg"), "another");
  expect(await findUnowned(links, images)).toEqual(new Map());
  rmSync(join(images, "GET.jpg"));
  linkSync(join(images, "get.jpg"), join(images, "GET.jpg")); // as where case does not matter
  expect([...(await findUnowned(links, images)).keys()]).toEqual([other]);
});
