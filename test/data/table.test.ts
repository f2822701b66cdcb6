import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openTable, readTable } from "../../src/data/table.ts";
import { createTable, writeTable } from "../../src/data/table-write.ts";
import { InputError } from "../../src/util/errors.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

function read(content: string | Uint8Array, needed: readonly string[] = []) {
  const path = join(folder, "rows.csv");
  writeFileSync(path, content);
  return readTable(path, needed);
}

test("columns stand in any order, more may be there than are needed", async () => {
  const table = await read("b,c,a\n1,2,3\n", ["a", "b"]);
  expect(table.columns).toEqual(["b", "c", "a"]);
  expect(table.column("a")).toEqual(["3"]);
  expect(() => table.column("d")).toThrow('no column "d"');
});

test("a row's place is the line it begins on, counting what quoted cells and blank lines take", async () => {
  const table = await read('a,b\n1,"x\ny"\n\n2,z\n');
  expect([0, 1].map((row) => table.lineOf(row))).toEqual([2, 5]);
  expect(table.placeOf(1)).toBe("line 5");
});

test("gzipped files are known by their first bytes, whatever their name", async () => {
  expect((await read(gzipSync("a,b\n1,é\n"))).column("b")).toEqual(["é"]);
});

test.each([
  ["nothing", "", /rows\.csv: is empty/],
  ["blank lines alone", "\n \n", /is empty/],
  ["a header alone", "a,b\n", /a header and no rows/],
  ["a missing column", "a,c\n1,2\n", /lacks the column b/],
  ["a column twice", "a,b,a\n1,2,3\n", /column "a" twice/],
  ["a broken gzip", gzipSync("a,b\n1,2\n").subarray(0, 20), /broken gzip/],
  ["a gzip with other bytes inside", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]), /broken gzip/],
  ["a broken Parquet file", "PAR1 and nothing more of it", /broken Parquet/],
])("refused: %s", async (_, content, message) => {
  await expect(read(content, ["a", "b"])).rejects.toThrow(message);
  await expect(read(content, ["a", "b"])).rejects.toThrow(InputError);
});

test("a file that is not there is named, and the columns found are listed", async () => {
  await expect(readTable(join(folder, "none.csv"))).rejects.toThrow(/none\.csv: could not be read: no such file/);
  await expect(readTable(folder)).rejects.toThrow(/it is a folder/);
  await expect(read("a;b\n1;2\n", ["a"])).rejects.toMatchObject({
    hint: "columns found: a;b; commas must part them",
  });
});

test.each(["limited.csv", "limited.csv.gz", "limited.parquet"])(
  "more than is allowed of %s is not read",
  async (name) => {
    const path = join(folder, name);
    await writeTable(path, ["a"], [{ a: "word ".repeat(100) }, { a: "word ".repeat(100) }]);
    const read = async (maxBytes: number) => {
      let rows = 0;
      for await (const { rowCount } of (await openTable(path)).blocks(maxBytes)) rows += rowCount;
      return rows;
    };
    await expect(read(100)).rejects.toThrow(/limited.* is larger than/);
    expect(await read(10_000)).toBe(2);
  },
);

test.each(["written.csv", "written.csv.gz", "written.parquet"])(
  "what is written to %s is read back, whatever the cells hold",
  async (name) => {
    const path = join(folder, name);
    const cell = fc.string({ unit: "grapheme" }).filter((s) => !s.startsWith("\uFEFF") && !s.includes("\0"));
    const blocks = fc.array(fc.array(fc.record({ a: cell, b: cell }), { minLength: 1 }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(blocks, async (written) => {
        const table = await createTable(path, ["a", "b"]);
        for (const rows of written) await table.write([rows.map(({ a }) => a), rows.map(({ b }) => b)]);
        await table.commit();
        const found = await readTable(path);
        expect(found.column("a")).toEqual(written.flat().map(({ a }) => a));
        expect(found.column("b")).toEqual(written.flat().map(({ b }) => b));
      }),
      { numRuns: 25 },
    );
  },
);

test.each(["copied.csv", "copied.csv.gz", "copied.parquet"])(
  "rows that are copied to %s are as if they were written",
  async (name) => {
    const [source, copied, written] = [join(folder, "source.csv"), join(folder, name), join(folder, `w-${name}`)];
    const cell = fc.oneof(
      fc.constantFrom(
        "",
        "12.5 gram",
        "-5 gram",
        "=1+1",
        "-x",
        " a",
        "a ",
        'say "hi"',
        '5" pipe',
        "a,b",
        "a\nb",
        "é",
        "@x",
      ),
      fc.string({ unit: "grapheme-ascii" }),
    );
    const rows = fc.array(fc.record({ a: cell, b: cell, isKept: fc.boolean() }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom("\n", "\r\n"), async (given, newline) => {
        const quoted = (text: string) =>
          /[",\n]/.test(text) && text !== '5" pipe' ? `"${text.replaceAll('"', '""')}"` : text;
        writeFileSync(source, ["a,b", ...given.map(({ a, b }) => `${quoted(a)},${quoted(b)}`), ""].join(newline));
        const [copy, write] = [await createTable(copied, ["a", "b"]), await createTable(written, ["a", "b"])];
        let first = 0;
        for await (const block of (await openTable(source)).blocks()) {
          const kept = Array.from({ length: block.rowCount }, (_, i) => i).filter((i) => given[first + i].isKept);
          await copy.copy(block, kept);
          await write.write(["a", "b"].map((column) => kept.map((i) => block.column(column)[i])));
          first += block.rowCount;
        }
        await copy.commit();
        await write.commit();
        expect(readFileSync(copied)).toEqual(readFileSync(written));
      }),
      { numRuns: 60 },
    );
  },
);

test("a table is read stretch by stretch, as often as is asked", async () => {
  const path = join(folder, "long.csv");
  const rows = Array.from({ length: 200_000 }, (_, i) => `${i},item`);
  writeFileSync(path, `index,name\n${rows.join("\n")}\n`);
  const table = await openTable(path, ["index"]);
  for (let time = 0; time < 2; time++) {
    let [count, blocks] = [0, 0];
    for await (const block of table.blocks()) {
      if (block.rowCount > 0) expect(block.column("index")[0]).toBe(String(count));
      count += block.rowCount;
      blocks++;
    }
    expect(count).toBe(200_000);
    expect(blocks).toBeGreaterThan(2);
  }
});

test("numbers, nulls and booleans of a Parquet file that another program wrote are text here", async () => {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const path = join(folder, "typed.parquet");
  const columnData = [
    { name: "index", data: [1n, 2n], type: "INT64" as const },
    { name: "size", data: [0.5, 3], type: "DOUBLE" as const },
    { name: "name", data: ["a", null], type: "STRING" as const },
  ];
  writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData })));
  const table = await readTable(path, ["index"]);
  expect(table.columns.map((name) => table.column(name))).toEqual([
    ["1", "2"],
    ["0.5", "3"],
    ["a", ""],
  ]);
  expect(table.placeOf(1)).toBe("row 2");
});

test("a table appears whole or not at all", async () => {
  const path = join(folder, "given-up.csv");
  const table = await createTable(path, ["a"]);
  await table.write([["1"]]);
  await table.discard();
  await expect(readTable(path)).rejects.toThrow("no such file");
  await expect(createTable(join(folder, "nowhere", "a.csv"), ["a"])).rejects.toThrow(/could not be written/);
});

test("cells that a spreadsheet would run as a formula are disarmed in CSV, negative values are not", async () => {
  const path = join(folder, "formulas.csv");
  const cells = ["=1+1", "+1", "@a", "\tx", "-2+3", "-cmd|' /C calc'!A0", "-12.5 fluid ounce", "-3", "a=1", 7];
  await writeTable(
    path,
    ["a"],
    cells.map((a) => ({ a })),
  );
  expect(readFileSync(path, "utf8").trimEnd().split("\n").slice(1)).toEqual([
    ...["'=1+1", "'+1", "'@a", "'\tx", "'-2+3", "'-cmd|' /C calc'!A0"],
    ...["-12.5 fluid ounce", "-3", "a=1", "7"],
  ]);
});
