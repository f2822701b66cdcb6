import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { workFolder } from "../../support/work-folder.ts";
import { writeRun } from "../../support/written-runs.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();

test("amlc report writes report.html into the run's folder and prints where", async () => {
  const run = writeRun(folder, "run", {
    answers: [
      [0, "item_weight", "26.0 gram", "26.0 gram"],
      [1, "item_volume", "1000 litre", "4.0 gallon"],
      [2, "item_weight", "150.0 gram", "158.0 gram"],
      [3, "wattage", "", "150.0 watt"],
    ],
  });
  expect(await runProgram(["report", run])).toBe(0);
  const file = join(run, "report.html");
  expect(printed.out).toBe(`${file}\n`);
  const page = readFileSync(file, "utf8");
  for (const heading of [
    "Loss",
    "Scores",
    "Units taken for others",
    "Worst rows",
    "Right rows",
    "Configuration",
    "Environment",
  ]) {
    expect(page).toContain(`<h2>${heading}</h2>`);
  }
  expect(page).toContain("<td>versions.amlc</td><td>0.1.0</td>");
  expect(page.indexOf("1000 litre")).toBeLessThan(page.indexOf("150.0 gram"));
  expect(page.match(/<img src="data:image/g)).toHaveLength(4);
  expect(page.replaceAll(/"data:[^"]*"/g, "")).not.toMatch(/<script|NaN|undefined|\[object/);
});

test("a run without answers and environment has a page of the rest, and hears what lacks", async () => {
  const run = writeRun(folder, "bare", { losses: [] });
  rmSync(join(run, "environment.json"));
  const file = join(folder, "bare.html");
  expect(await runProgram(["report", run, "--html", file])).toBe(0);
  expect(printed.err).toContain(`amlc eval --run ${run} --split val`);
  expect(printed.err).toContain("environment.json: cannot be read");
  expect(readFileSync(file, "utf8")).not.toContain("<h2>Scores</h2>");
});

test("--json says where the page is and what lacks", async () => {
  const run = writeRun(folder, "asked", {});
  expect(await runProgram(["report", run, "--json"])).toBe(0);
  expect(JSON.parse(printed.out)).toEqual({
    html: join(run, "report.html"),
    notes: [expect.stringContaining("amlc eval")],
  });
});
