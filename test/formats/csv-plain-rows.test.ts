import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { scanCsv } from "../../src/formats/csv.ts";
import { WINDOW } from "../../src/formats/csv-kernel.ts";
import { loadPlainRows } from "../../src/formats/csv-plain-rows.ts";

const scanWithout = await withoutVectors(async () => {
  vi.resetModules();
  const { scanCsv } = await import("../../src/formats/csv.ts");
  scanCsv("rows.csv").push(Buffer.from("a,b\n")); // the kernel is asked for with the first bytes
  return scanCsv;
});

async function withoutVectors<T>(run: () => Promise<T>): Promise<T> {
  const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  try {
    return await run();
  } finally {
    validate.mockRestore();
  }
}

/** What is read from the bytes, given in pieces of `size`, or why not. */
function outcome(scan: typeof scanCsv, bytes: Uint8Array, size: number) {
  const scanner = scan("rows.csv");
  const rows: unknown[] = [];
  try {
    for (let at = 0; at <= bytes.length; at += size) {
      const isLast = at + size > bytes.length;
      const blocks = [scanner.push(bytes.subarray(at, at + size)), ...(isLast ? [scanner.end()] : [])];
      for (const block of blocks) {
        const columns = (scanner.columns ?? []).map((_, c) => block.column(c));
        for (let i = 0; i < block.rowCount; i++) rows.push([block.lineOf(i), ...columns.map((column) => column[i])]);
      }
    }
    return { columns: scanner.columns, rows };
  } catch (error) {
    return { columns: scanner.columns, rows, error: String(error) };
  }
}

function alike(bytes: Uint8Array, size: number): void {
  expect(outcome(scanCsv, bytes, size)).toEqual(outcome(scanWithout, bytes, size));
}

test("where the cells of plain rows are, up to the first row of another kind", () => {
  const bytes = Buffer.from('1,23\r\n,\né,"6"\n7,8\n');
  const plain = loadPlainRows()(bytes)!;
  expect(plain.count(0, 2)).toBe(2);
  expect([...plain.bounds.subarray(0, 8)]).toEqual([0, 1, 2, 4, 6, 6, 7, 7]);
  expect(plain.count(8, 2)).toBe(0);
  expect(plain.count(15, 2)).toBe(1);
  expect([...plain.bounds.subarray(0, 4)]).toEqual([15, 16, 17, 18]);
});

test.each([
  ["too few cells", "1\n"],
  ["too many cells", "1,2,3\n"],
  ["a blank line", "\n"],
  ["a quote", '1,5"\n'],
  ["a NUL byte", "1,\0\n"],
  ["CR alone", "1,2\r3,4\n"],
  ["CR within a row", "1\r\n,2\n"],
  ["cut off", "1,2"],
  ["half of CRLF", "1,2\r"],
])("not plain: %s", (_, text) => {
  const open = loadPlainRows();
  open(Buffer.from("\n".repeat(100)))!.count(0, 2); // what stood in the window before does not matter
  expect(open(Buffer.from(text))!.count(0, 2)).toBe(0);
});

test("without vectors in WebAssembly there are none", async () => {
  const open = await withoutVectors(async () => loadPlainRows());
  expect(open(Buffer.from("1,2\n"))).toBeUndefined();
});

const piece = fc.integer({ min: 1, max: 40 });

test("any bytes are read, or refused, as without vectors", () => {
  const bytes = fc.array(fc.constantFrom(...Buffer.from('ab,,,\n\n\r" \0é')), { maxLength: 60 });
  fc.assert(
    fc.property(bytes, piece, (tail, size) => alike(Buffer.from([...Buffer.from("x,y\n1,2\n"), ...tail]), size)),
    { numRuns: 500 },
  );
});

test("a table with one byte changed is read, or refused, as without vectors", () => {
  const cell = fc.string({ unit: fc.constantFrom(..."abcé"), maxLength: 20 });
  const row = fc.tuple(fc.tuple(cell, cell, cell), fc.constantFrom("\n", "\n", "\r\n", "\r", "\n\n"));
  const rows = fc.array(row, { minLength: 2, maxLength: 20 });
  const change = fc.tuple(fc.nat(), fc.constantFrom(...Buffer.from(',\n\r"\0a\xff', "latin1")));
  fc.assert(
    fc.property(rows, change, piece, (rows, [at, byte], size) => {
      const bytes = Buffer.from(rows.map(([cells, end]) => cells.join(",") + end).join(""));
      bytes[at % bytes.length] = byte;
      alike(bytes, size * 20);
    }),
    { numRuns: 500 },
  );
});

test.each(["\n", "\r\n"])("the kernel's window may end at any byte of a row (line break %j)", (end) => {
  const rows = `12345,é,${end}`.repeat((1.2 * WINDOW) / 9);
  for (let shift = 0; shift < 12; shift++)
    alike(Buffer.from(`a,b,c${end}${"x".repeat(shift)},,${end}${rows}`), Infinity);
});

test("quotes and rows longer than the window among plain rows", () => {
  const plain = "1,2\n".repeat(5000);
  const long = (text: string) => `"${text.repeat(60_000 / text.length)}",${"z".repeat(60_000)}\n`;
  const text = `a,b\n${plain}"1,\n",2\n${plain}${long(',"""\n')}${plain}${long("y")}${plain}3,"4"`;
  for (const size of [1000, 2 ** 16, Infinity]) alike(Buffer.from(text), size);
});
