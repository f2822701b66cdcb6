import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { readCsv, writeCsv } from "../../src/data/csv.ts";
import { InputError } from "../../src/util/errors.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "amlc-csv-"));
});

async function read(content: string | Uint8Array, needed: string[] = []) {
  const path = join(folder, "rows.csv");
  await writeFile(path, content);
  return readCsv(path, needed);
}

test("columns in any order, with line numbers that count what quoted cells and blank lines take", async () => {
  const { columns, rows } = await read('b,a\n1,"x\ny"\n\n"2, too","say ""hi"""\n', ["a", "b"]);
  expect(columns).toEqual(["b", "a"]);
  expect(rows).toEqual([
    { line: 2, cells: { b: "1", a: "x\ny" } },
    { line: 5, cells: { b: "2, too", a: 'say "hi"' } },
  ]);
});

test("one row, a byte order mark, CRLF, no line break at the end, and gzip are fine", async () => {
  const wanted = [{ line: 2, cells: { a: "1", b: "é" } }];
  for (const text of ["a,b\n1,é", "\uFEFFa,b\r\n1,é\r\n", "a,b\n1,é\n\n"]) {
    expect((await read(text)).rows).toEqual(wanted);
    expect((await read(gzipSync(text))).rows).toEqual(wanted);
  }
});

test.each([
  ["nothing", "", /rows\.csv: is empty/],
  ["blank lines alone", "\n \n", /is empty/],
  ["a header alone", "a,b\n", /a header and no rows/],
  ["a missing column", "a,c\n1,2\n", /line 1 lacks the column b/],
  ["a column twice", "a,b,a\n1,2,3\n", /column "a" twice/],
  ["a quote left open", 'a,b\n1,2\n3,"4\n5,6\n', /quote that opens on line 3 is never closed/],
  ["a stray quote", 'a,b\n1,2\n3,"4"5\n', /line 3/],
  ["too few cells", "a,b\n1,2\n3\n", /line 3 has 1 cells, the header has 2/],
  ["too many cells", "a,b\n1,2,3\n", /line 2 has 3 cells/],
  ["a NUL byte", "a,b\n1,\0\n", /line 2 holds a NUL/],
  ["a long cell", `a,b\n1,${"x".repeat(70_000)}\n`, /line 2: b is longer/],
  ["bytes that are no UTF-8", new Uint8Array([97, 44, 98, 10, 0xff, 44, 49]), /not text in UTF-8/],
  ["a broken gzip", gzipSync("a,b\n1,2\n").subarray(0, 20), /broken gzip/],
])("refused: %s", async (_, content, message) => {
  await expect(read(content, ["a", "b"])).rejects.toThrow(message);
  await expect(read(content, ["a", "b"])).rejects.toThrow(InputError);
});

test("a file that is not there is named, and the columns found are listed", async () => {
  await expect(readCsv(join(folder, "none.csv"))).rejects.toThrow(/none\.csv: could not be read: no such file/);
  await expect(read("a;b\n1;2\n", ["a"])).rejects.toMatchObject({
    hint: expect.stringContaining("columns found: a;b"),
  });
});

test("what is written is read back", async () => {
  const path = join(folder, "written.csv");
  const cell = fc.string({ unit: "grapheme" }).filter((s) => !/^[=+@\t\r\uFEFF-]/.test(s) && !s.includes("\0"));
  const table = fc.array(fc.record({ a: cell, b: cell }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(table, async (rows) => {
      await writeCsv(path, ["a", "b"], rows);
      expect((await readCsv(path)).rows.map((row) => row.cells)).toEqual(rows);
    }),
    { numRuns: 25 },
  );
});

test("cells that a spreadsheet would run as a formula are disarmed, negative values are not", async () => {
  const path = join(folder, "formulas.csv");
  const cells = ["=1+1", "+1", "@a", "\tx", "-2+3", "-cmd|' /C calc'!A0", "-12.5 fluid ounce", "-3", "a=1", 7];
  await writeCsv(
    path,
    ["a"],
    cells.map((a) => ({ a })),
  );
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.slice(1)).toEqual([
    ...["'=1+1", "'+1", "'@a", "'\tx", "'-2+3", "'-cmd|' /C calc'!A0"],
    ...["-12.5 fluid ounce", "-3", "a=1", "7"],
  ]);
});
