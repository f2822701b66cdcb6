import fc from "fast-check";
import Papa from "papaparse";
import { describe, expect, test } from "vitest";
import { encodeCsv, findCsvFault, scanCsv } from "../../src/formats/csv.ts";
import { InputError } from "../../src/util/errors.ts";

/** Rows of cells, the bytes given in pieces of `size`. */
function scan(content: string | Uint8Array, size = Infinity) {
  const bytes = Buffer.from(content);
  const scanner = scanCsv("rows.csv");
  const blocks = [];
  for (let i = 0; i < bytes.length; i += size) blocks.push(scanner.push(bytes.subarray(i, i + size)));
  blocks.push(scanner.end());
  const columns = scanner.columns ?? [];
  const rows = blocks.flatMap((block) => {
    const cells = columns.map((_, c) => block.column(c));
    return Array.from({ length: block.rowCount }, (_, row) => cells.map((column) => column[row]));
  });
  const lines = blocks.flatMap((block) => Array.from({ length: block.rowCount }, (_, row) => block.lineOf(row)));
  return { columns, rows, lines };
}

test("quoted cells may hold commas, line breaks and doubled quotes (RFC 4180, 2.5 to 2.7)", () => {
  const { columns, rows, lines } = scan('a,"b"\n1,"x\ny"\n\n"2, too","say ""hi"""\n"",\n');
  expect(columns).toEqual(["a", "b"]);
  expect(rows).toEqual([
    ["1", "x\ny"],
    ["2, too", 'say "hi"'],
    ["", ""],
  ]);
  expect(lines).toEqual([2, 5, 6]);
});

test.each([
  ["LF", "a,b\n1,é\n2,3\n"],
  ["CRLF", "a,b\r\n1,é\r\n2,3\r\n"],
  ["CR", "a,b\r1,é\r2,3\r"],
  ["no line break at the end", "a,b\n1,é\n2,3"],
  ["a byte order mark", "\uFEFFa,b\n1,é\n2,3\n"],
  ["blank lines", "\na,b\n\n1,é\n  \n2,3\n\n"],
])("%s is fine", (_, text) => {
  for (const size of [1, 2, 3, Infinity]) {
    expect(scan(text, size).rows).toEqual([
      ["1", "é"],
      ["2", "3"],
    ]);
  }
});

test('a quote inside a cell that does not begin with one is a letter: 5" pipe', () => {
  expect(scan('a,b\n5" pipe,2\n').rows).toEqual([['5" pipe', "2"]]);
});

test.each([
  ["a quote left open", 'a,b\n1,2\n3,"4\n5,6\n', "line 3: a quote that opens in this row is never closed"],
  ["text behind a closing quote", 'a,b\n1,2\n3,"4"5\n', "line 3: text stands behind a closing quote"],
  ["too few cells", "a,b\n1,2\n3\n", "line 3: the row has 1 cells, the header has 2"],
  ["too many cells", 'a,b\n"1\n1",2\n1,2,3\n', "line 4: the row has 3 cells"],
  ["a NUL byte", "a,b\n1,2\n1,\0\n", "line 3: there is a NUL byte"],
  ["a NUL byte in quotes", 'a,b\n1,"\n\0"\n', "line 3: there is a NUL byte"],
  ["10 MB in one cell", `a,b\n1,2\n1,${"x".repeat(10e6)}\n`, "line 3: cell 2 is longer than 65536 bytes"],
  ["10 MB in quotes", `a,b\n1,2\n1,"${"\n".repeat(10e6)}"\n`, "line 3: cell 2 is longer than 65536 bytes"],
  ["bytes that are no UTF-8", Buffer.from("a,b\n1,2\n3,caf\xe9\n4,5\n", "latin1"), "line 3: is not text in UTF-8"],
  ["two encodings", Buffer.concat([Buffer.from("a,b\né,2\n"), Buffer.from([0xe9, 44, 49, 10])]), "line 3: is not text"],
  ["UTF-16", Buffer.from("\uFEFFa,b\n1,2\n", "utf16le"), "is UTF-16 text"],
])("refused, in whatever pieces it comes: %s", (_, content, message) => {
  for (const size of [7, 2 ** 16, Infinity]) {
    if (size < 1000 && content.length > 1e6) continue;
    expect(() => scan(content, size)).toThrow(InputError);
    expect(() => scan(content, size)).toThrow(`rows.csv: ${message}`);
  }
});

test("a row that never ends is refused before it fills the memory", () => {
  expect(() => scan(`a,b\n${"1,".repeat(2e6)}`, 2 ** 16)).toThrow("line 2: the row is longer than 1 MiB");
});

const anyCell = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."ab,\"\n\r 'é😀=+-@\t1") }),
  fc.string({ unit: "grapheme" }),
);
/** None that another program wrote and that looks as if it were disarmed. */
const cell = anyCell.filter((text) => !/^'+[=+@\t\r-]/.test(text));
const table = fc
  .tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 6 }))
  .chain(([width, height]) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: height }))
  .filter((rows) => rows.flat().every((text) => !text.includes("\0")));

test("reads what Papa Parse writes, in whatever pieces it comes", () => {
  fc.assert(
    fc.property(table, fc.constantFrom("\n", "\r\n"), fc.integer({ min: 1, max: 20 }), (rows, newline, size) => {
      const header = rows[0].map((_, c) => `c${c}`);
      const text = Papa.unparse([header, ...rows], { newline });
      expect(scan(text, size).rows).toEqual(rows);
    }),
  );
});

test("Papa Parse reads what is written here", () => {
  fc.assert(
    fc.property(table, (rows) => {
      const plain = rows.map((row) => row.map((text) => `x${text}`));
      const text = encodeCsv(plain[0].map((_, c) => plain.map((row) => row[c])));
      expect(Papa.parse(text, { delimiter: "," }).data.slice(0, -1)).toEqual(plain);
    }),
  );
});

test("reading what was written gives the same cells, those that were disarmed included", () => {
  const odd = fc.tuple(
    fc.constantFrom("", "'", "''"),
    fc.constantFrom("=1+1", "-12.jpg", "-12 gram", "+5 gram", "\t@a", "a"),
  );
  const cells = fc.oneof(
    anyCell,
    odd.map((parts) => parts.join("")),
  );
  const written = fc
    .integer({ min: 1, max: 3 })
    .chain((width) => fc.array(fc.array(cells, { minLength: width, maxLength: width }), { minLength: 1 }))
    .filter((rows) => rows.flat().every((text) => !text.includes("\0")));
  fc.assert(
    fc.property(written, fc.integer({ min: 1, max: 20 }), (rows, size) => {
      const columns = rows[0].map((_, c) => [`c${c}`, ...rows.map((row) => row[c])]);
      expect(scan(encodeCsv(columns), size).rows).toEqual(rows);
    }),
  );
});

describe("a row that could not be read again is found before it is written", () => {
  const most = 2 ** 16;
  const rows: readonly (readonly [string, readonly string[], object | undefined])[] = [
    ["the longest cell", ["a", "x".repeat(most)], undefined],
    ["one byte more", ["a", "x".repeat(most + 1)], { row: 1, column: 1, reason: "is longer than 65536 bytes" }],
    ["the longest cell in quotes", [`${"x".repeat(most - 1)},`, "b"], undefined],
    [
      "quotes, which are doubled",
      ['"'.repeat(most / 2 + 1), "b"],
      { row: 1, column: 0, reason: "is longer than 65536 bytes" },
    ],
    [
      "letters of three bytes",
      ["a", "漢".repeat(most / 3 + 1)],
      { row: 1, column: 1, reason: "is longer than 65536 bytes" },
    ],
    ["a NUL byte", ["a", "b\0"], { row: 1, column: 1, reason: "holds a NUL byte" }],
    ["a long row", Array(17).fill("x".repeat(most)), { row: 1, column: undefined, reason: "is longer than 1 MiB" }],
  ];
  test.each(rows)("%s", (_, cells, fault) => {
    const columns = cells.map((cell, c) => [`c${c}`, cell]);
    expect(findCsvFault(columns)).toEqual(fault);
    const read = () => scan(encodeCsv(columns)).rows;
    if (fault) expect(read).toThrow(InputError);
    else expect(read()).toEqual([cells]);
  });
});
