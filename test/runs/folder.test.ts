import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { SAFE_NAME } from "../../src/config/schema.ts";
import type { Environment } from "../../src/runs/environment.ts";
import { createRun, EVALUATION_FILE, listRuns, openRun, PREDICTIONS_FILE, runFolder } from "../../src/runs/folder.ts";

const temporary = () => mkdtempSync(join(tmpdir(), "amlc-runs-"));
const START = { config: "base: b\n", environment: { seed: 7 } as Environment };

test("a run without a name gets two words and a number, each its own", async () => {
  const dir = join(temporary(), "experiments");
  const runs = await Promise.all(Array.from({ length: 20 }, () => createRun({ dir, name: null }, START)));
  const names = runs.map(({ name }) => name);
  expect(new Set(names).size).toBe(20);
  for (const name of names) {
    expect(name).toMatch(/^[a-z]+-[a-z]+-\d{1,2}$/);
    expect(name).toMatch(SAFE_NAME);
  }
});

test("a run appears with its configuration and environment, and leaves nothing else in the folder", async () => {
  const dir = temporary();
  const run = await createRun({ dir, name: "first" }, START);
  expect(readFileSync(run.config, "utf8")).toBe(START.config);
  expect(JSON.parse(readFileSync(run.environment, "utf8"))).toEqual(START.environment);
  expect(readdirSync(dir)).toEqual(["first"]);
});

test("a run is never overwritten, nor is any other folder", async () => {
  const dir = temporary();
  await createRun({ dir, name: "first" }, START);
  mkdirSync(join(dir, "notes"));
  for (const name of ["first", "notes"]) {
    await expect(createRun({ dir, name }, START)).rejects.toMatchObject({
      message: expect.stringContaining(`${join(dir, name)}: this run exists already`),
      hint: expect.stringContaining(`--resume ${join(dir, name)}`),
    });
  }
  expect(readdirSync(dir)).toEqual(["first", "notes"]);
});

test("of several that want one name at once, exactly one gets it", async () => {
  const dir = temporary();
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => createRun({ dir, name: "a" }, START)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(readdirSync(dir)).toEqual(["a"]);
});

test("a place where no folder can be is named", async () => {
  const file = join(temporary(), "file");
  writeFileSync(file, "");
  await expect(createRun({ dir: file, name: "a" }, START)).rejects.toThrow(`${file}: no run can be kept here`);
});

test("a run is opened by name or path; a misspelt name finds its neighbour", async () => {
  const dir = temporary();
  const run = await createRun({ dir, name: "quiet-otter-17" }, START);
  mkdirSync(join(dir, "notes"));
  expect(openRun("quiet-otter-17", dir).path).toBe(run.path);
  expect(openRun(run.path).name).toBe("quiet-otter-17");
  expect(listRuns(dir)).toEqual(["quiet-otter-17"]);
  expect(() => openRun("notes", dir)).toThrow("notes: is no run: it has no config.yaml");
  expect(() => openRun("quite-otter-17", dir)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('did you mean "quiet-otter-17"?') }),
  );
  expect(() => openRun("../quiet", dir)).toThrow("there is no such run");
});

test.each([
  ["val", "eval-val.json"],
  ["some/rows 2.csv", "eval-rows-2.json"],
  ["elsewhere/val.csv", "eval-file-val.json"],
  ["../../.csv", "eval-csv.json"],
  ["größe.csv", "eval-gr-e.json"],
])("results on %s are in %s, inside the folder", (split, file) => {
  expect(runFolder("run").evaluation(split)).toBe(join("run", file));
});

test("what stands for a split in the names of its files is found there", () => {
  const run = runFolder("runs/a");
  for (const [split, label] of [
    ["val", "val"],
    ["some/rows 2.csv", "rows-2"],
  ] as const) {
    expect(EVALUATION_FILE.exec(basename(run.evaluation(split)))?.[1]).toBe(label);
    expect(PREDICTIONS_FILE.exec(basename(run.predictions(split)))?.[1]).toBe(label);
    expect(EVALUATION_FILE.test(basename(run.predictions(split)))).toBe(false);
  }
});
