import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeWholeFolder } from "../../src/util/whole-folder.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const at = (name: string) => join(folder, name);
const write = (text: string) => async (fresh: string) => {
  writeFileSync(join(fresh, "mark.json"), text);
  return text;
};

test("a folder appears when all of it is there, with what makes it known", async () => {
  const path = at("new/place/");
  const result = await writeWholeFolder(path, "mark.json", async (fresh) => {
    expect(existsSync(path)).toBe(false);
    return write("first")(fresh);
  });
  expect(result).toBe("first");
  expect(readdirSync(at("new"))).toEqual(["place"]);
  expect(readdirSync(path)).toEqual(["mark.json"]);
});

test("what fails leaves nothing behind, and what stood there as it was", async () => {
  await writeWholeFolder(at("kept"), "mark.json", write("old"));
  const fails = writeWholeFolder(at("kept"), "mark.json", async (fresh) => {
    await write("half")(fresh);
    throw new Error("disk full");
  });
  await expect(fails).rejects.toThrow("disk full");
  expect(readFileSync(join(at("kept"), "mark.json"), "utf8")).toBe("old");
  expect(readdirSync(folder).filter((name) => name.startsWith("kept"))).toEqual(["kept"]);
});

test("an earlier one is replaced, an empty one taken, and a folder of something else or a file refused", async () => {
  await writeWholeFolder(at("again"), "mark.json", write("old"));
  await writeWholeFolder(at("again"), "mark.json", write("new"));
  expect(readFileSync(join(at("again"), "mark.json"), "utf8")).toBe("new");
  mkdirSync(at("empty"));
  await writeWholeFolder(at("empty"), "mark.json", write("x"));
  mkdirSync(at("foreign"));
  writeFileSync(at("foreign/thesis.txt"), "");
  await expect(writeWholeFolder(at("foreign"), "mark.json", write("x"))).rejects.toThrow("holds something else");
  writeFileSync(at("file"), "");
  await expect(writeWholeFolder(at("file"), "mark.json", write("x"))).rejects.toThrow("is no folder");
});
