import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { train } from "../../src/recipes/train.ts";
import type { TrainResult } from "../../src/recipes/training-loop.ts";
import * as checkpoints from "../../src/runs/checkpoints.ts";
import * as history from "../../src/runs/history.ts";
import { AmlcError } from "../../src/util/errors.ts";
import { adapterBytes, historyOf, SHIPPED, tinyConfig, writeQuickRows } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

vi.mock(import("../../src/runs/checkpoints.ts"), { spy: true });
vi.mock(import("../../src/runs/history.ts"), { spy: true });

const folder = workFolder();
const quickRows = writeQuickRows(join(folder, "quick.csv"));

/** A run on the six quick rows. */
function trainQuick(...sets: readonly string[]): Promise<TrainResult> {
  return train(tinyConfig(folder, `data.train=${quickRows}`, "eval.max_rows=2", "train.warmup_steps=0", ...sets));
}
const column = ({ run }: TrainResult, key: string) => historyOf(run).map((record) => record[key]);

describe("the steps of a run", () => {
  test("take every row once an epoch; the last step of an epoch takes what is left", async () => {
    const result = await trainQuick("train.batch=4", "train.accumulate=1", "train.epochs=2");
    expect(column(result, "samples")).toEqual([4, 2, 4, 2]);
    expect(column(result, "epoch")).toEqual([1, 1, 2, 2]);
  });

  test("gather the rows of several batches", async () => {
    const result = await trainQuick("train.batch=1", "train.accumulate=4", "train.epochs=1");
    expect(column(result, "samples")).toEqual([4, 2]);
  });

  test.each([
    ["an epoch and a half", ["train.epochs=1.5"], 5],
    ["train.max_steps in place of train.epochs", ["train.epochs=5", "train.max_steps=4"], 4],
  ])("may be %s", async (_, sets, steps) => {
    const result = await trainQuick("train.batch=1", "train.accumulate=2", ...sets);
    expect(result.steps).toBe(steps);
    expect(column(result, "step")).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  });

  test("are in another order each epoch by the seed, or in the file's", async () => {
    const settings = ["train.batch=1", "train.accumulate=1", "train.epochs=2", "train.lr=0"];
    const losses = async (...sets: string[]) => column(await trainQuick(...settings, ...sets), "loss");
    const [shuffled, again, other] = [await losses(), await losses(), await losses("train.seed=1")];
    expect(again).toEqual(shuffled);
    expect(other).not.toEqual(shuffled);
    expect(shuffled.slice(6)).not.toEqual(shuffled.slice(0, 6));
    expect(shuffled.slice(6).toSorted()).toEqual(shuffled.slice(0, 6).toSorted());
    const still = await losses("data.shuffle=false");
    expect(still.slice(6)).toEqual(still.slice(0, 6));
  });
});

test("a checkpoint is saved when the history of its steps is safe from a power cut", async () => {
  const log: string[] = [];
  const { appendHistory, syncHistory } = await vi.importActual<typeof history>("../../src/runs/history.ts");
  const { saveCheckpoint } = await vi.importActual<typeof checkpoints>("../../src/runs/checkpoints.ts");
  vi.mocked(history.appendHistory).mockImplementation((file, record) => {
    log.push(`step ${record.step}`);
    appendHistory(file, record);
  });
  vi.mocked(history.syncHistory).mockImplementation(async (file) => {
    await syncHistory(file);
    log.push("synced");
  });
  vi.mocked(checkpoints.saveCheckpoint).mockImplementation(async (...args) => {
    log.push("saved");
    await saveCheckpoint(...args);
  });
  await trainQuick("train.max_steps=2", "train.save_every=1");
  for (const spied of [history.appendHistory, history.syncHistory, checkpoints.saveCheckpoint]) {
    vi.mocked(spied).mockReset();
  }
  const perStep = ["synced", "saved"];
  expect(log).toEqual(["step 1", ...perStep, "step 2", ...perStep, ...perStep]); // the best is the last
});

describe("the best checkpoint", () => {
  test("by loss is that of the lowest loss on the validation rows", async () => {
    const climbing = ["train.max_steps=5", "train.lr=0.05", "train.schedule=constant", "eval.every=1"];
    const result = await trainQuick("eval.metric=loss", ...climbing);
    const losses = historyOf(result.run).flatMap(({ step, eval_loss }) =>
      eval_loss === undefined ? [] : [{ step, eval_loss }],
    );
    expect(losses.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
    const lowest = losses.reduce((a, b) => ((b.eval_loss as number) < (a.eval_loss as number) ? b : a));
    expect(result.best).toEqual({ step: lowest.step, value: lowest.eval_loss });
    expect(lowest.step, "this rate is too high to go down to the end").toBeLessThan(5);
    expect(adapterBytes(result.run, "best")).not.toEqual(adapterBytes(result.run));
    const upTo = await trainQuick("eval.metric=loss", ...climbing, `train.max_steps=${lowest.step}`);
    expect(adapterBytes(result.run, "best"), "the adapter of that step").toEqual(adapterBytes(upTo.run));
  });

  test("is the last one when nothing was evaluated", async () => {
    const result = await trainQuick("train.max_steps=2");
    expect(result.best).toBeNull();
    expect(adapterBytes(result.run, "best")).toEqual(adapterBytes(result.run));
  });

  test("evaluates after the last step too", async () => {
    const result = await trainQuick("train.max_steps=3", "eval.every=2");
    expect(column(result, "eval_f1").map((f1) => f1 !== undefined)).toEqual([false, true, true]);
  });

  test("that has not been beaten for eval.patience evaluations ends the run", async () => {
    const told: string[] = [];
    const config = ["train.max_steps=9", "train.lr=0", "eval.every=1", "eval.patience=2", "eval.metric=loss"];
    const sets = [`data.train=${quickRows}`, "eval.max_rows=2", "train.warmup_steps=0", ...config];
    const result = await train(tinyConfig(folder, ...sets), { observer: { note: (text) => void told.push(text) } });
    expect(result).toMatchObject({ steps: 3, best: { step: 1 } });
    expect(told.at(-1)).toBe("stopped after step 3: 2 evaluations without a better loss");
  });
});

describe("a loss that is no number", () => {
  test("ends the run by naming the step, its rows and what to try, and leaves the last checkpoint as it was", async () => {
    const explosive = ["train.lr=1000", "train.schedule=constant", "train.max_grad_norm=null", "data.shuffle=false"];
    const attempt = trainQuick(...explosive, "train.max_steps=50", "train.save_every=1", "run.name=exploded");
    const error = (await attempt.catch((e: unknown) => e)) as AmlcError;
    expect(error).toBeInstanceOf(AmlcError);
    expect(error.exitCode).toBe(2);
    const [, step, lines] =
      /^step (\d+): the loss is \S+ and the gradient's norm \S+; rows: .*quick\.csv, lines (.*)$/.exec(error.message)!;
    expect(["2, 3, 4, 5", "6, 7"]).toContain(lines);
    const run = join(folder, "exploded");
    expect(error.hint).toMatch(/look at these rows; set a lower train\.lr.*, then: amlc train --resume/);
    const steps = historyOf(run);
    expect(steps).toHaveLength(Number(step) - 1);
    const upTo = await trainQuick(...explosive, `train.max_steps=${steps.length}`);
    expect(adapterBytes(run)).toEqual(adapterBytes(upTo.run));
  });

  test("is traced to the operation that overflows first, when that is asked for", async () => {
    const told: string[] = [];
    const explosive = ["train.lr=1000", "train.schedule=constant", "train.max_grad_norm=null", "train.max_steps=50"];
    const config = tinyConfig(folder, `data.train=${quickRows}`, "train.warmup_steps=0", ...explosive);
    const attempt = train(config, { debugOverflow: true, observer: { note: (text) => void told.push(text) } });
    await expect(attempt).rejects.toMatchObject({ hint: expect.not.stringContaining("--debug-overflow") });
    expect(told.at(-1)).toMatch(
      /^step \d+: not finite first: \w+ f32\[[\d,]+\], (forward|backward), (language_model|vision_tower)\.\S+, inputs up to \d/,
    );
  });

  test("with no checkpoint yet, sends back to the start", async () => {
    const attempt = trainQuick(
      "train.lr=1000",
      "train.max_grad_norm=null",
      "train.schedule=constant",
      "train.max_steps=50",
    );
    await expect(attempt).rejects.toMatchObject({ hint: expect.stringContaining("start again with a lower train.lr") });
  });
});

test("a last step whose every photograph is broken is passed over, and what was learnt is saved", async () => {
  const images = join(SHIPPED, "images");
  const rows = join(folder, "cut.csv");
  const cut = readFileSync(join(images, "51b9JEHOriL.jpg")).subarray(0, 20_000);
  writeFileSync(join(folder, "cut.jpg"), cut);
  writeFileSync(join(folder, "41wvffSxB4L.jpg"), readFileSync(join(images, "41wvffSxB4L.jpg")));
  const row = (name: string) => `https://x/${name},1,item_weight,5 gram`;
  writeFileSync(rows, `image_link,group_id,entity_name,entity_value\n${row("41wvffSxB4L.jpg")}\n${row("cut.jpg")}\n`);
  const one = ["train.batch=1", "train.accumulate=1", "data.shuffle=false", "train.epochs=1", "train.warmup_steps=0"];
  const result = await train(tinyConfig(folder, `data.train=${rows}`, `data.images=${folder}`, ...one));
  expect(result.steps).toBe(1);
  expect(adapterBytes(result.run, "best")).toEqual(adapterBytes(result.run));
});
