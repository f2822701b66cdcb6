import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { openRunAnswerer } from "../../src/recipes/answerer.ts";
import { convertModel } from "../../src/recipes/convert-model.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { exportMerged } from "../../src/recipes/export.ts";
import { initModel } from "../../src/recipes/init-model.ts";
import { resume, train } from "../../src/recipes/train.ts";
import { tinyConfig, writeQuickRows } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const run = join(folder, "learnt");
const other = join(folder, "other");
const rows = writeQuickRows(join(folder, "rows.csv"));

beforeAll(async () => {
  const sets = ["run.name=learnt", `data.train=${rows}`, `data.val=${rows}`, "train.max_steps=2", "train.save_every=1"];
  await train(tinyConfig(folder, ...sets));
  await initModel({ like: "checkpoints/tiny", output: other, seed: 9, dtype: "fp32", range: 0.02 });
});

test("an adapter is not put on another base, though its matrices would fit", async () => {
  const sets = [`base=${other}`];
  const refusal = `${run}: was trained on another base than ${other}`;
  await expect(evaluate({ run, split: "val", sets })).rejects.toThrow(refusal);
  await expect(openRunAnswerer({ run, sets })).rejects.toThrow(refusal);
  const config = join(run, "config.yaml");
  const written = readFileSync(config, "utf8");
  writeFileSync(config, written.replace(/^base: .*$/m, `base: ${other}`));
  await expect(resume(run)).rejects.toThrow(refusal);
  writeFileSync(config, written);
});

test("an adapter is not folded into another base either, and its own is known weight by weight", async () => {
  const output = join(folder, "merged");
  await expect(exportMerged({ run, output, sets: [`base=${other}`] })).rejects.toThrow(
    `${run}: was trained on another base than ${other}`,
  );
  expect(existsSync(output)).toBe(false);
  await exportMerged({ run, output });
  const half = join(folder, "half");
  await convertModel({ folder: "checkpoints/tiny", output: half, dtype: "fp16" });
  await exportMerged({ run, output, sets: [`base=${half}`] });
});

test("its own base is taken in half precision too", async () => {
  const { score } = await evaluate({ run, split: "val", sets: ["engine.weights=fp16"] });
  expect(score.rows).toBe(6);
});

test.each(["int8", "int8x2"])(
  "what was learnt beside %s weights is answered with and folded into the base's own",
  async (weights) => {
    const learnt = join(folder, weights);
    const sets = [`data.train=${rows}`, `data.val=${rows}`, "train.max_steps=2"];
    await train(tinyConfig(folder, `run.name=${weights}`, `engine.weights=${weights}`, ...sets));
    const { score } = await evaluate({ run: learnt, split: "val", sets: ["engine.weights=fp32"] });
    expect(score.rows).toBe(6);
    await exportMerged({ run: learnt, output: join(folder, `merged-${weights}`) });
  },
);
