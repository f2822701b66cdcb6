import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadModel } from "../../src/model/model.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { resume, train } from "../../src/recipes/train.ts";
import { runFolder } from "../../src/runs/folder.ts";
import { InterruptedError } from "../../src/util/errors.ts";
import { historyOf, tinyConfig, writeQuickRows } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const rows = writeQuickRows(join(folder, "quick.csv"));
const ALL = [
  "tune=all",
  `data.train=${rows}`,
  "train.max_steps=6",
  "train.lr=1e-2",
  "train.warmup_steps=0",
  "train.save_every=2",
];
const weightsOf = (run: string) => readFileSync(join(runFolder(run).last, "model.safetensors"));

describe("tune: all", () => {
  test("makes a checkpoint that is a base: a Hugging Face folder which loads, and trains on", async () => {
    const { run } = await train(tinyConfig(folder, ...ALL, "run.name=whole"));
    const checkpoint = runFolder(run).last;
    expect(readdirSync(checkpoint)).toEqual(
      expect.arrayContaining(["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"]),
    );
    const { weights } = await loadModel(checkpoint, "f32");
    expect(Object.keys(weights).length).toBeGreaterThan(40);
    const next = await train(tinyConfig(folder, ...ALL, `base=${checkpoint}`, "train.max_steps=1", "run.name=next"));
    const [last, first] = [historyOf(run).at(-1)!.loss!, historyOf(next.run)[0]!.loss!];
    expect(first).not.toBe(historyOf(run)[0]!.loss);
    expect(last).toBeLessThan(historyOf(run)[0]!.loss!);
  });

  test("is stopped and resumed to the bit", async () => {
    const stop = new AbortController();
    const observer = { step: ({ step }: { step: number }) => void (step === 3 && stop.abort()) };
    const config = tinyConfig(folder, ...ALL, "run.name=stopped");
    await expect(train(config, { signal: stop.signal, observer })).rejects.toThrow(InterruptedError);
    await resume(join(folder, "stopped"));
    expect(weightsOf(join(folder, "stopped"))).toEqual(weightsOf(join(folder, "whole")));
    expect(historyOf(join(folder, "stopped"))).toEqual(historyOf(join(folder, "whole")));
  });

  test("answers with the weights that were trained", async () => {
    const options = { run: join(folder, "whole"), split: rows };
    const { predictions } = await evaluate(options);
    const { run } = await train(tinyConfig(folder, ...ALL, "train.lr=0", "train.max_steps=1", "run.name=still"));
    const { predictions: untrained } = await evaluate({ ...options, run });
    expect(predictions).not.toEqual(untrained);
  });
});
