import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();

const folder = mkdtempSync(join(tmpdir(), "amlc-score-"));
const [predictions, truth] = [join(folder, "predictions.csv"), join(folder, "truth.csv")];
writeFileSync(predictions, "index,prediction\n0,1 inch\n1,2 foot\n");
writeFileSync(truth, "entity_name,entity_value\nwidth,1 inch\nheight,3 foot\n");

test("score prints a table, all rows first", async () => {
  expect(await runProgram(["score", predictions, "--truth", truth])).toBe(0);
  const lines = printed.out.trim().split("\n");
  expect(lines.map((line) => line.split(/ +/).slice(0, 2).join(" "))).toEqual([
    "entity f1",
    "all 0.6667",
    "height 0.0000",
    "width 1.0000",
  ]);
});

test("score --json prints one document", async () => {
  expect(await runProgram(["score", predictions, "--truth", truth, "--json"])).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ tp: 1, fp: 1, rows: 2, by_entity: { width: { f1: 1 } } });
});
