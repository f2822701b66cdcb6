import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../../src/cli/program.ts";
import { loadModel } from "../../../../src/model/model.ts";
import { workFolder } from "../../../support/work-folder.ts";
import { captureOutput } from "../../capture.ts";

const TINY = join("checkpoints", "tiny");
const folder = workFolder();
const at = (name: string) => join(folder, name);
const printed = captureOutput();
const quantize = (output: string, ...more: string[]) =>
  runProgram(["model", "quantize", TINY, "-o", at(output), ...more]);

test("a table says how far the layers of each kind are from what they were", async () => {
  expect(await quantize("q4", "--bits", "4")).toBe(0);
  expect(printed.out).toMatch(/vision +fc1 +4 +[\d,]+ +\d\.\d\d %/);
  expect(printed.out).toMatch(/language +embed_tokens +8 +[\d,]+ +0\.\d\d %/);
  expect(printed.err).toMatch(/q4: 197,120 numbers in blocks of 32, 0\.\d MB, 0\.\d+ of what halves take/);
  expect((await loadModel(at("q4"), "f32")).config.blocks).toEqual({ bits: 4, block: 32 });
});

test("--json is one document, and --block is kept to", async () => {
  expect(await quantize("q8", "--bits", "8", "--block", "128", "--json")).toBe(0);
  const report = JSON.parse(printed.out);
  expect(report).toMatchObject({ bits: 8, block: 128, parameters: 197_120 });
  expect(report.kinds[0]).toMatchObject({ part: "vision", bits: 8 });
});

test.each([
  ["--bits", "3"],
  ["--bits", "4", "--block", "16"],
])("%s %s is refused before anything is written", async (...options) => {
  expect(await quantize("refused", ...options)).toBe(2);
  expect(printed.err).toContain("Choices:");
  expect(existsSync(at("refused"))).toBe(false);
});
