import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();
const TINY = ["plan", "--config", "lora-r8-tiny", "--device", "t4"];

test("tells memory by kind, operations and time, and where the figures are from", async () => {
  expect(await runProgram(TINY)).toBe(0);
  expect(printed.out).toContain("197,120 parameters, 17,408 numbers are trained");
  expect(printed.out).toMatch(/^ {2}weights +[\d.]+ GB +[\d.]+%/m);
  expect(printed.out).toContain("fits: NVIDIA T4 has 14.67 GB (as published, less a twelfth)");
  expect(printed.out).toMatch(/^operations of a micro-batch: [\d.]+ MFLOP forward, [\d.]+ MFLOP backward$/m);
  expect(printed.out).toMatch(/^rate: 65 TFLOP\/s .* assumed to reach 4\.0%, as onnxruntime did on an H100$/m);
  expect(printed.out).toMatch(/^a step of 2 micro-batches: .* 42 steps: /m);
});

test("leaves with 1 where it does not fit, and --json has the whole plan", async () => {
  const arguments_ = [...TINY, "--memory", "0.0001", "--json"];
  expect(await runProgram(arguments_)).toBe(1);
  const { fits, by_kind, moments, error } = JSON.parse(printed.out);
  expect(fits).toBe(false);
  expect(by_kind.weights).toBe(4 * 197_120);
  expect(moments.length).toBeGreaterThan(5);
  expect(error.message).toBe("it does not fit on NVIDIA T4");
});

test("--html writes a page, --memory takes the place of what is known", async () => {
  const html = join(folder, "plan.html");
  expect(await runProgram([...TINY, "--memory", "2", "--html", html])).toBe(0);
  expect(readFileSync(html, "utf8")).toContain("NVIDIA T4");
  expect(printed.out).toContain("has 2.00 GB (given)");
  expect(printed.err).toBe(`page: ${html}\n`);
});

test("refuses a size that is none", async () => {
  expect(await runProgram([...TINY, "--memory", "-3"])).toBe(2);
  expect(printed.err).toContain("--memory -3: wants a number of GB above 0");
});

test("help has examples and fits 100 columns", async () => {
  expect(await runProgram(["plan", "--help"])).toBe(0);
  expect(printed.out).toMatch(/^Examples:\n {2}amlc plan /m);
  expect(Math.max(...printed.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
