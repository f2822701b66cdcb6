import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../../src/cli/program.ts";
import { amlc } from "../../../support/cli.ts";
import { workFolder } from "../../../support/work-folder.ts";
import { captureOutput } from "../../capture.ts";

const printed = captureOutput();
const folder = workFolder();
const at = (name: string) => join(folder, name);
const table = at("rows.csv");
writeFileSync(
  table,
  "image_link,group_id,entity_name,entity_value\nhttps://x/a.jpg,1,width,5.5 inch\nhttps://x/b.jpg,1,wattage,60 watt\n",
);
const synth = (...args: string[]) => runProgram(["data", "synth", ...args]);

test("draws a table's rows and says what it did", async () => {
  expect(await synth(table, "-o", at("s.csv"), "--images", at("s"), "--seed", "7"), printed.err).toBe(0);
  expect(printed.out).toMatch(/^ *rows +drawn +present +left out +repeated +seconds\n +2 +2 +0 +0 +0 /);
  expect(printed.err).toContain(`${at("s.csv")}: 2 rows, seed 7; their pictures are in ${at("s")}`);
  expect(readdirSync(at("s"))).toHaveLength(2);
});

test("prints the same as JSON, random rows included; options are settings", async () => {
  const args = ["--random", "3", "-o", at("r.csv"), "--images", at("r"), "--size", "64", "--set", "synth.noise=0"];
  expect(await synth(...args, "--json"), printed.err).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ file: at("r.csv"), text_file: at("r-text.csv"), rows: 3, drawn: 3 });
});

test("without rows to draw it tells where they come from", async () => {
  expect(await synth("-o", at("n.csv"), "--images", at("n"))).toBe(2);
  expect(printed.err).toMatch(/rows come from a table, or are random.*\n.*amlc data synth --random N/s);
});

test("a setting that cannot be is named", async () => {
  expect(await synth(table, "-o", at("n.csv"), "--images", at("n"), "--size", "7")).toBe(2);
  expect(printed.err).toContain("synth.size");
});

test("the compiled program draws with all cores, and every byte is that of one thread", async () => {
  const args = (name: string) => ["data", "synth", "--random", "220", "-o", at(`${name}.csv`), "--images", at(name)];
  const [inThreads] = await Promise.all([amlc(folder, ...args("threads")), runProgram(args("one"))]);
  expect(inThreads.code, inThreads.stderr).toBe(0);
  for (const ending of [".csv", "-text.csv"]) {
    expect(readFileSync(at(`threads${ending}`))).toEqual(readFileSync(at(`one${ending}`)));
  }
  const files = readdirSync(at("one"));
  expect(files).toHaveLength(220);
  const differing = files.filter(
    (file) => !readFileSync(join(at("threads"), file)).equals(readFileSync(join(at("one"), file))),
  );
  expect(differing).toEqual([]);
});
