import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { captureOutput } from "../capture.ts";

const OFFICIAL = join(import.meta.dirname, "..", "..", "challenge", "official");
const printed = captureOutput();
const file = (name: string) => join(OFFICIAL, name);

test("a good submission leaves with 0", async () => {
  expect(await runProgram(["sanity", file("sample_test_out.csv"), "--test", file("sample_test.csv")])).toBe(0);
  expect(printed.out).toMatch(/sample_test_out\.csv: 88 rows, 63 answered, no fault\n$/);
});

test("the official sample that fails leaves with 1, its fault by line on standard output", async () => {
  expect(await runProgram(["sanity", file("sample_test_out_fail.csv")])).toBe(1);
  expect(printed.out).toBe('line 16: "6.75 lbs": "lbs" is no unit\n');
  expect(printed.err).toMatch(/1 fault: this submission would be refused\nhint: amlc clean/);
});

test("--json prints the faults and the error as one document", async () => {
  expect(await runProgram(["sanity", file("sample_test_out_fail.csv"), "--json"])).toBe(1);
  expect(JSON.parse(printed.out)).toMatchObject({
    rows: 88,
    faults: [{ line: 16, index: "14" }],
    error: { message: expect.stringContaining("1 fault") },
  });
});
