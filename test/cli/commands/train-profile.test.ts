import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { trainTiny, writeQuickRows } from "../../support/runs.ts";
import { workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();
const rows = writeQuickRows(join(folder, "quick.csv"));

const profiled = (name: string, ...options: readonly string[]) =>
  runProgram([
    ...trainTiny(
      `data.train=${rows}`,
      "train.accumulate=1",
      "train.max_steps=5",
      `run.dir=${folder}`,
      `run.name=${name}`,
    ),
    ...options,
  ]);

test("amlc train --profile prints its tables as soon as three steps are profiled, and trains on", async () => {
  expect(await profiled("told", "--profile"), printed.err).toBe(0);
  const text = printed.err.indexOf("steps 2 to 4 on ort: ");
  expect(text).toBeGreaterThan(0);
  expect(printed.err.indexOf("5/5 steps")).toBeGreaterThan(text);
  expect(printed.err).toMatch(/^operator +shapes +count +ms +share +GFLOP\/s +of roof$/m);
  expect(printed.err).toMatch(/^FusedMatMul +\[.*\d%$/m);
  expect(printed.out).toContain(`profile: ${join(folder, "told", "profile.json")}`);
});

test("--json has the profile too", async () => {
  expect(await profiled("document", "--profile", "1", "--json"), printed.err).toBe(0);
  expect(JSON.parse(printed.out).profile).toMatchObject({
    ...{ file: join(folder, "document", "profile.json"), engine: "ort", first_step: 2, last_step: 2 },
    roof: { product: "[1050,2048] × [2048,16384]", flops_per_s: expect.any(Number) },
    step: { seconds: expect.any(Number), roof_share: expect.any(Number) },
    operators: expect.arrayContaining([expect.objectContaining({ operator: "FusedMatMul" })]),
  });
});

test.each(["0", "-1", "2.5", "many"])("--profile %s is refused", async (steps) => {
  expect(await profiled("refused", `--profile=${steps}`)).toBe(2);
  expect(printed.err).toContain(`--profile ${steps}: is no number of steps`);
  expect(printed.err).toContain("hint: give a whole number from 1 on, or none for 3");
});
