import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseDataSettings } from "../../src/config/load.ts";
import { loadModel } from "../../src/model/model.ts";
import { synthTable } from "../../src/recipes/data/synth.ts";
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

  test("says in its checkpoint that weights are float32, whatever its base has", async () => {
    const base = join(folder, "half");
    cpSync("checkpoints/tiny", base, { recursive: true });
    const configOf = (path: string) => JSON.parse(readFileSync(join(path, "config.json"), "utf8"));
    const { text_config, ...rest } = configOf(base);
    const half = { ...rest, torch_dtype: "bfloat16", text_config: { ...text_config, dtype: "bfloat16" } };
    writeFileSync(join(base, "config.json"), JSON.stringify(half));
    const { run } = await train(tinyConfig(folder, ...ALL, `base=${base}`, "train.max_steps=1", "run.name=of-half"));
    const float32 = { dtype: "float32", torch_dtype: "float32", text_config: { dtype: "float32" } };
    expect(configOf(runFolder(run).last)).toMatchObject(float32);
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

describe("tune: vision", () => {
  const drawn = join(folder, "drawn.csv");
  const LETTERS = [
    ...["tune=vision", `data.train=${drawn}`, `data.images=${join(folder, "drawn")}`],
    ...[`data.characters=${join(folder, "drawn-text.csv")}`, "train.answer_loss=0"],
    ...["train.character_loss=1", "train.max_steps=6", "train.lr=1e-2", "train.warmup_steps=0"],
    ...["train.save_every=2"],
  ];
  const headOf = (run: string) => readFileSync(join(runFolder(run).last, "character_head.safetensors"));
  const languageOf = async (path: string) =>
    Object.entries((await loadModel(path, "f32")).weights).filter(([name]) => name.startsWith("language_model."));

  beforeAll(async () => {
    const { synth } = parseDataSettings({ synth: { size: 56 } });
    await synthTable({ random: 12, output: drawn, images: join(folder, "drawn"), settings: synth });
  });

  test("teaches the image tower to name the characters on drawn labels, and leaves the language as it is", async () => {
    const { run } = await train(tinyConfig(folder, ...LETTERS, "run.name=letters"));
    const history = historyOf(run);
    expect(history.at(-1)!.loss).toBeLessThan(0.7 * history[0]!.loss!);
    expect(history[0]!.characters_loss).toBe(history[0]!.loss);
    expect(await languageOf(runFolder(run).last)).toEqual(await languageOf("checkpoints/tiny"));
  });

  test("is stopped and resumed to the bit, the head that names characters included", async () => {
    const stop = new AbortController();
    const observer = { step: ({ step }: { step: number }) => void (step === 3 && stop.abort()) };
    const config = tinyConfig(folder, ...LETTERS, "run.name=half-way");
    await expect(train(config, { signal: stop.signal, observer })).rejects.toThrow(InterruptedError);
    await resume(join(folder, "half-way"));
    expect(historyOf(join(folder, "half-way"))).toEqual(historyOf(join(folder, "letters")));
    expect(headOf(join(folder, "half-way"))).toEqual(headOf(join(folder, "letters")));
  });

  test("hands its head on: the next stage names characters as well as this one did at its end", async () => {
    const next = (base: string, name: string) => {
      const sets = [...LETTERS, "tune=all", "train.answer_loss=1", `base=${base}`, `run.name=${name}`];
      return train(tinyConfig(folder, ...sets, "train.max_steps=1", "train.batch=12", "train.accumulate=1"));
    };
    const [taught, fresh] = await Promise.all([
      next(runFolder(join(folder, "letters")).last, "taught"),
      next("checkpoints/tiny", "fresh"),
    ]);
    const lossOf = (run: string) => historyOf(run)[0]!.characters_loss as number;
    expect(lossOf(taught.run)).toBeLessThan(0.8 * lossOf(fresh.run));
    expect(historyOf(taught.run)[0]!.answers_loss).toBeGreaterThan(0);
  });

  test("passes over a row whose picture nothing is told about", async () => {
    const notes: string[] = [];
    const [header, first, ...rest] = readFileSync(drawn, "utf8").split("\n");
    const text = readFileSync(join(folder, "drawn-text.csv"), "utf8");
    const other = join(folder, "other-text.csv");
    writeFileSync(other, text.replaceAll(first.split(",")[0], "https://synth.invalid/other.jpg"));
    expect([header, ...rest].length).toBeGreaterThan(2);
    const config = tinyConfig(folder, ...LETTERS, `data.characters=${other}`, "train.max_steps=1", "run.name=untold");
    await train(config, { observer: { note: (note) => notes.push(note) } });
    expect(notes[0]).toMatch(/1 of 12 rows are passed over; the first: line 2: .*does not tell what stands on/);
  });

  test.each([
    ["an adapter", ["tune=lora"], "may be 0 with tune: vision alone"],
    ["no places", ["data.characters=null"], "needs data.characters"],
    ["nothing to learn", ["train.character_loss=0"], "must be above 0 where train.character_loss is 0"],
  ])("is refused with %s", (_, sets, message) => {
    expect(() => tinyConfig(folder, ...LETTERS, ...sets)).toThrow(message);
  });
});
