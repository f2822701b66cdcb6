import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blankRule } from "../../../src/recipes/predict/blank-rule.ts";
import { tinyConfig } from "../../support/runs.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
const ruleOf = (value: string) => blankRule(tinyConfig(folder, `decode.min_confidence=${value}`), { path: folder });

test("a number is the least confidence that is not left blank", async () => {
  const isBlank = await ruleOf("0.3");
  expect([0, 0.29, 0.3, 1].map(isBlank)).toEqual([true, true, false, false]);
});

test.each(["null", "auto"])("%s leaves nothing blank where the run has no calibration", async (value) => {
  expect([0, 1].map(await ruleOf(value))).toEqual([false, false]);
});

test("auto asks the run's calibration for the chance to be right; a number does not", async () => {
  const file = join(folder, "calibration.json");
  // σ(2 · logit(c) − 1) is 0.5 where logit(c) is 0.5: at 0.6225
  writeFileSync(file, JSON.stringify({ a: 2, b: -1, threshold: 0.5, rows: 100 }));
  expect([0, 0.622, 0.623, 1].map(await ruleOf("auto"))).toEqual([true, true, false, false]);
  expect([0.2, 0.4].map(await ruleOf("0.3"))).toEqual([true, false]);
  writeFileSync(file, '{"a":2,"b":-1}');
  await expect(ruleOf("auto")).rejects.toThrow(`${file}: threshold`);
});
