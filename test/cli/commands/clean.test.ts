import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();
const [raw, submission, rows] = ["raw.csv", "submission.csv", "test.csv"].map((name) => join(folder, name));
writeFileSync(raw, 'index,prediction\n0,34 grams\n1,"5\'11"""\n2,AC 100-240V 50/60Hz\n3,no idea\n4,\n5,8 fl oz\n');
writeFileSync(rows, "index,entity_name\n0,item_weight\n1,height\n2,voltage\n3,width\n4,width\n5,item_volume\n");

async function clean(...args: string[]): Promise<string[]> {
  Object.assign(printed, { out: "", err: "" });
  expect(await runProgram(["clean", raw, "-o", submission, ...args]), printed.err).toBe(0);
  return readFileSync(submission, "utf8").trimEnd().split("\n").slice(1);
}

test("raw answers become a submission that the sanity check takes", async () => {
  expect(await clean("--test", rows)).toEqual([
    "0,34 gram",
    "1,71.0 inch",
    "2,240 volt",
    "3,",
    "4,",
    "5,8 fluid ounce",
  ]);
  expect(printed.out).toMatch(/^spelling +\d+ +/m);
  expect(printed.err).toMatch(/6 rows, 4 answered; 5 changed, 1 of them to no answer/);
  expect(await runProgram(["sanity", submission, "--test", rows])).toBe(0);
});

test("cleaning a submission changes nothing", async () => {
  const once = await clean("--test", rows);
  const twice = join(folder, "twice.csv");
  expect(await runProgram(["clean", submission, "-o", twice, "--test", rows])).toBe(0);
  expect(readFileSync(twice, "utf8")).toBe(`index,prediction\n${once.join("\n")}\n`);
});

test("policies are settings", async () => {
  expect(await clean("--test", rows, "--set", "answers.range=min")).toContain("2,100 volt");
});

test("--explain says of each answer what changed it", async () => {
  await clean("--test", rows, "--explain");
  expect(printed.out).toContain('line 2, index 0, item_weight: "34 grams" → "34 gram"\n  spelling: ');
  await clean("--test", rows, "--explain", "--json");
  expect(JSON.parse(printed.out).changes[0]).toMatchObject({ line: 2, index: "0", after: "34 gram" });
});

test("without entities any unit is taken, and that is said", async () => {
  await clean();
  expect(printed.err).toContain("6 rows without entity_name: any unit is taken; --test names the table");
});

test("rules of one's own take the place of the package's, and are checked", async () => {
  const rules = join(folder, "rules.yaml");
  writeFileSync(rules, "units: {}\n");
  expect(await runProgram(["clean", raw, "-o", submission, "--rules", rules])).toBe(2);
  expect(printed.err).toContain(rules);
});

test("an apostrophe that a table writer put before a formula is not part of the answer", async () => {
  const guarded = join(folder, "guarded.csv");
  writeFileSync(guarded, "index,prediction,entity_name\n0,'-12V,voltage\n");
  expect(await runProgram(["clean", guarded, "-o", submission])).toBe(0);
  expect(readFileSync(submission, "utf8")).toBe("index,prediction\n0,-12 volt\n");
});

test("a test table with an index twice is refused", async () => {
  const twice = join(folder, "twice.csv");
  writeFileSync(twice, "index,entity_name\n0,width\n0,item_weight\n");
  expect(await runProgram(["clean", raw, "-o", submission, "--test", twice])).toBe(2);
  expect(printed.err).toContain('line 3 has index "0" again');
});
