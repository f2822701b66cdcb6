import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { readJson } from "../../src/formats/json.ts";

const schema = z.object({ size: z.int(), parts: z.array(z.string()) });

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "amlc-json-"));
  path = join(home, "config.json");
});
afterEach(() => rm(home, { recursive: true }));

test("a file comes in the form of its schema", async () => {
  await writeFile(path, '{"size": 3, "parts": ["a"], "other": 1}');
  expect(await readJson(path, schema)).toEqual({ size: 3, parts: ["a"] });
});

test("each wrong key has a line with the file and what was wanted", async () => {
  await writeFile(path, '{"size": "3", "parts": ["a", 4]}');
  const error = await readJson(path, schema).catch((e) => e);
  expect(error.message.split("\n")).toEqual([
    `${path}: size: Invalid input: expected number, received string`,
    `${path}: parts.1: Invalid input: expected string, received number`,
  ]);
});

test("a file that is missing, a folder, or no JSON is named, with the caller's advice", async () => {
  await expect(readJson(path, schema, "train first")).rejects.toMatchObject({
    message: `${path}: no such file`,
    hint: "train first",
  });
  await expect(readJson(home, schema)).rejects.toThrow(`${home}: cannot be read: EISDIR`);
  await writeFile(path, "");
  await expect(readJson(path, schema)).rejects.toThrow(`${path}: is not JSON`);
});
