import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SAFE_NAME } from "../../src/config/schema.ts";
import { createRun, listRuns, openRun, runFolder } from "../../src/runs/folder.ts";

const temporary = () => mkdtempSync(join(tmpdir(), "amlc-runs-"));
const hintOf = (open: () => unknown) => {
  try {
    open();
  } catch (error) {
    return (error as { hint?: string }).hint;
  }
  return undefined;
};

test("a run without a name gets two words and a number, each its own", () => {
  const dir = join(temporary(), "experiments");
  const names = Array.from({ length: 20 }, () => createRun({ dir, name: null }).name);
  expect(new Set(names).size).toBe(20);
  for (const name of names) {
    expect(name).toMatch(/^[a-z]+-[a-z]+-\d{1,2}$/);
    expect(name).toMatch(SAFE_NAME);
  }
});

test("a run is never overwritten", () => {
  const dir = temporary();
  createRun({ dir, name: "first" });
  expect(() => createRun({ dir, name: "first" })).toThrow("exists already");
  expect(hintOf(() => createRun({ dir, name: "first" }))).toContain("--resume first");
});

test("a run is opened by name or path; a misspelt name finds its neighbour", () => {
  const dir = temporary();
  const run = createRun({ dir, name: "quiet-otter-17" });
  expect(() => openRun("quiet-otter-17", dir)).toThrow("it has no config.yaml");
  writeFileSync(run.config, "");
  expect(openRun("quiet-otter-17", dir).path).toBe(run.path);
  expect(openRun(run.path).name).toBe("quiet-otter-17");
  expect(listRuns(dir)).toEqual(["quiet-otter-17"]);
  expect(hintOf(() => openRun("quite-otter-17", dir))).toContain('did you mean "quiet-otter-17"?');
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
