import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../../src/cli/program.ts";
import { workFolder } from "../../../support/work-folder.ts";
import { captureOutput } from "../../capture.ts";

const printed = captureOutput();
const folder = workFolder();
const table = join(folder, "rows.csv");
const ROWS = [
  "http://x/1.jpg,7,width,1 inch",
  "http://x/1.jpg,7,height,4 gram",
  'http://x/2.jpg,8,voltage,"[100.0, 240.0] volt"',
  'http://x/3.jpg,8,"\u001b[31mred\ttab","two\nlines"',
];
writeFileSync(table, `image_link,group_id,entity_name,entity_value\n${ROWS.join("\n")}\n`);

const words = () => printed.out.split("\n").map((line) => line.trim().split(/ {2,}/).join(" | "));

test("data stats prints a table for each matter", async () => {
  expect(await runProgram(["data", "stats", table])).toBe(0);
  expect(words().slice(0, 2)).toEqual([
    "rows | links | groups | entities | repeated rows | contradictions | links with several entities",
    "4 | 3 | 2 | 4 | 0 | 0 | 1",
  ]);
  for (const line of [
    "Entities",
    "Groups",
    "Labels of another form: 2",
    "[N, N] volt | range | 1 | [100.0, 240.0] volt",
  ])
    expect(words()).toContain(line);
  expect(words()).toContain("height | gram | 1 | 1 | 4 | 4 | 4 | 4 | 4 | not allowed");
});

test("a cell cannot steer the terminal or break a line", async () => {
  expect(await runProgram(["data", "stats", table])).toBe(0);
  expect(printed.out).not.toContain("\u001b");
  expect(printed.out).toContain("\ufffd[31mred\ufffdtab");
  expect(printed.out).toContain("two\ufffdlines");
});

test("data stats --json prints one document, --html writes a page beside it", async () => {
  const html = join(folder, "rows.html");
  expect(await runProgram(["data", "stats", table, "--json", "--html", html])).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ rows: 4, labels: { odd: { rows: 2 }, foreign_units: { rows: 1 } } });
  expect(printed.err).toContain(`page: ${html}`);
  expect(existsSync(html)).toBe(true);
});

test("a table without the columns is refused with those that it has", async () => {
  const other = join(folder, "other.csv");
  writeFileSync(other, "link,name\nhttp://x/1.jpg,width\n");
  expect(await runProgram(["data", "stats", other])).toBe(2);
  expect(printed.err).toContain("lacks the column image_link, entity_name");
  expect(printed.err).toContain("columns found: link, name");
});
