import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Config } from "../../src/config/schema.ts";
import { readAdapter } from "../../src/model/adapter-files.ts";
import { loadModel } from "../../src/model/model.ts";
import { ADAPTER_DIALECTS } from "../../src/model/weight-names.ts";
import { openAnswers } from "../../src/recipes/answers.ts";
import { loadBase } from "../../src/recipes/base.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { type ExportMergedOptions, exportAdapter, exportMerged } from "../../src/recipes/export.ts";
import { train } from "../../src/recipes/train.ts";
import { startTuned } from "../../src/recipes/tuned.ts";
import { runFolder } from "../../src/runs/folder.ts";
import { viewByInput } from "../../src/train/layout.ts";
import { InputError, InterruptedError } from "../../src/util/errors.ts";
import type { Tensor } from "../../src/util/tensor.ts";
import { tinyConfig, writeQuickRows } from "../support/runs.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);
const rows = writeQuickRows(at("quick.csv"));
const disk = at("disk");
const mounted = mountSmallDisk(disk);

const trainQuick = (name: string, ...sets: string[]) => {
  const settings = [`data.train=${rows}`, "train.max_steps=8", "train.warmup_steps=0", `run.name=${name}`, ...sets];
  return train(tinyConfig(folder, ...settings));
};
const merge = (output: string, options: Partial<ExportMergedOptions> = {}) =>
  exportMerged({ run: at("adapted"), output, dtype: "fp32", ...options });
const readText = (...path: string[]) => readFileSync(join(...path), "utf8");

/** Answers with a base as it is: a fresh adapter adds nothing. */
async function answersOf(config: Config) {
  const base = await loadBase(config);
  const trained = await startTuned(config, base);
  const answers = await openAnswers(rows, config, base, trained);
  try {
    return (await answers.evaluate(viewByInput(trained.layout, trained.values))).predictions;
  } finally {
    await answers.release();
  }
}

/** Names of weights that two folders do not have alike, to the bit. */
async function differing(folder: string, other: string): Promise<string[]> {
  const [found, wanted] = await Promise.all([loadModel(folder, "f32"), loadModel(other, "f32")]);
  expect(Object.keys(found.weights).sort()).toEqual(Object.keys(wanted.weights).sort());
  const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Object.keys(wanted.weights).filter(
    (name) => !bytes(found.weights[name]!).equals(bytes(wanted.weights[name]!)),
  );
}

beforeAll(async () => {
  await trainQuick("adapted", "train.save_every=4");
});

describe("export merged", () => {
  test("gives a base that answers as base and adapter did, with the same confidence", async () => {
    const report = await merge(at("merged"));
    const { predictions } = await evaluate({ run: at("adapted"), split: rows });
    const merged = await answersOf(tinyConfig(folder, `data.train=${rows}`, `base=${at("merged")}`));
    expect(merged.map(({ prediction }) => prediction)).toEqual(predictions.map(({ prediction }) => prediction));
    for (const [i, { confidence }] of merged.entries()) expect(confidence).toBeCloseTo(predictions[i]!.confidence, 4);
    const untrained = await answersOf(tinyConfig(folder, `data.train=${rows}`));
    expect(predictions).not.toEqual(untrained);
    expect(report).toMatchObject({ folder: at("merged"), run: "adapted", checkpoint: "best", step: 8, dtype: "fp32" });
    expect([...report.files].sort()).toEqual(readdirSync(at("merged")).sort());
    expect(JSON.parse(readText(at("merged"), "export.json"))).toMatchObject({
      run: "adapted",
      base: "checkpoints/tiny",
    });
  });

  test.each(["all", "vision"])("of a run with tune: %s gives the weights that it trained", async (tune) => {
    const { run } = await trainQuick(`whole-${tune}`, `tune=${tune}`, "train.max_steps=2");
    await exportMerged({ run, output: at(`merged-${tune}`), dtype: "fp32" });
    expect(await differing(at(`merged-${tune}`), runFolder(run).best)).toEqual([]);
    await expect(exportAdapter({ run, output: at("none"), dialect: "transformers>=5.6" })).rejects.toMatchObject({
      message: expect.stringMatching(
        /trains (every weight|the image tower) \(tune: (all|vision)\), and has no adapter/,
      ),
      hint: expect.stringContaining(`amlc export merged --run ${run}`),
    });
  });

  test("a model card says whence it comes, what to ask and how, and how well it answers", async () => {
    const { score } = await evaluate({ run: at("adapted"), split: "val", sets: ["eval.max_rows=3"] });
    await merge(at("merged"));
    const card = readText(at("merged"), "README.md");
    expect(card).toMatch(/^---\nlibrary_name: transformers\n/);
    expect(card).toContain("- run: `adapted`, its best checkpoint, after 8 steps\n");
    expect(card).toMatch(/- trained: rank 8, alpha 16, on \d+ layers: .*q_proj/);
    expect(card).toContain(`| all | 3 | ${score.tp} | ${score.f1.toFixed(4)} |`);
    expect(card).toContain('from_pretrained("merged", dtype="auto")');
    expect(card).toContain('"<image>" + "answer en What is the item weight?"');
  });

  test("an evaluation that cannot be read is told, and the model is written without its figures", async () => {
    const { run } = await trainQuick("unread", "train.max_steps=1");
    writeFileSync(runFolder(run).evaluation("val"), '{ "f1": 2 }');
    const notes: string[] = [];
    await exportMerged({
      run,
      output: at("unread-merged"),
      dtype: "bf16",
      observer: { note: (text) => notes.push(text) },
    });
    expect(notes).toContainEqual(expect.stringMatching(/no figures go into README\.md: .*eval-val\.json: f1/));
    expect(readText(at("unread-merged"), "README.md")).not.toContain("| rows |");
  });

  test("replaces an earlier export and nothing else", async () => {
    await merge(at("again/"), { dtype: "fp16" });
    await merge(at("again"), { checkpoint: "last" });
    expect(JSON.parse(readText(at("again"), "export.json"))).toMatchObject({ dtype: "fp32", checkpoint: "last" });
    mkdirSync(at("foreign"));
    writeFileSync(at("foreign/thesis.txt"), "years of work");
    await expect(merge(at("foreign"))).rejects.toThrow(/foreign: is a folder that holds something else/);
    expect(readdirSync(at("foreign"))).toEqual(["thesis.txt"]);
  });

  test("told to stop, leaves nothing of it", async () => {
    const stop = new AbortController();
    const read = (done: number, total: number) => void (done > total / 2 && stop.abort());
    await expect(merge(at("stopped"), { signal: stop.signal, observer: { read } })).rejects.toThrow(InterruptedError);
    expect(readdirSync(folder).filter((name) => name.startsWith("stopped"))).toEqual([]);
  });

  test.skipIf(!mounted)("on a disk that fills up leaves what was there: an earlier export, or nothing", async () => {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, "ballast"), new Uint8Array(bavail * bsize - 500_000));
    const error = await merge(join(disk, "model")).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ message: expect.stringMatching(/could not be written.*no space left/i) });
    expect(readdirSync(disk)).toEqual(["ballast"]);
    rmSync(join(disk, "ballast"));
    await merge(join(disk, "model"));
    await expect(merge(join(disk, "model"))).rejects.toThrow(InputError);
    expect(readdirSync(disk)).toEqual(["model"]);
    await merge(at("elsewhere"));
    expect(await differing(join(disk, "model"), at("elsewhere"))).toEqual([]);
  });

  test("a type of weights that is none is told before anything is read", async () => {
    await expect(merge(at("none"), { dtype: "q4" as "fp16" })).rejects.toMatchObject({
      message: 'dtype: there is no "q4"',
      hint: "there are: fp32, fp16, bf16",
    });
    expect(existsSync(at("none"))).toBe(false);
  });

  test("a run without a checkpoint, and a base that is gone, are told with what to do", async () => {
    const { run } = await trainQuick("empty", "train.max_steps=1");
    await expect(
      exportMerged({ run, output: at("none"), dtype: "fp32", sets: [`base=${at("gone")}`] }),
    ).rejects.toThrow(/gone: no such folder/);
    rmSync(join(run, "checkpoints"), { recursive: true });
    await expect(exportMerged({ run, output: at("none"), dtype: "fp32" })).rejects.toThrow(/has no checkpoint yet/);
    expect(existsSync(at("none"))).toBe(false);
  });
});

describe("export adapter", () => {
  test.each(ADAPTER_DIALECTS)("in the names of %s is the run's own adapter", async (dialect) => {
    const output = at(`adapter-${ADAPTER_DIALECTS.indexOf(dialect)}`);
    const report = await exportAdapter({ run: at("adapted"), output, dialect });
    const [written, trained] = await Promise.all([readAdapter(output), readAdapter(runFolder(at("adapted")).best)]);
    expect([...written.weights.keys()].sort()).toEqual([...trained.weights.keys()].sort());
    for (const [path, { a, b }] of written.weights) {
      const own = trained.weights.get(path)!;
      expect(Buffer.from(a.data.buffer).equals(Buffer.from(own.a.data.buffer)), path).toBe(true);
      expect(Buffer.from(b.data.buffer).equals(Buffer.from(own.b.data.buffer)), path).toBe(true);
    }
    expect(written.config).toEqual(trained.config);
    expect(report.files).toEqual(["adapter_config.json", "adapter_model.safetensors", "README.md", "export.json"]);
    expect(readText(output, "README.md")).toContain(`with the module names of ${dialect}`);
  });

  test("told to stop, leaves nothing of it", async () => {
    const output = at("stopped-adapter");
    const stopped = exportAdapter({ run: at("adapted"), output, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(InterruptedError);
    expect(readdirSync(folder).filter((name) => name.startsWith("stopped-adapter"))).toEqual([]);
  });

  test("for a release that is none is refused", async () => {
    const dialect = "transformers>=5" as "transformers>=5.6";
    const refused = exportAdapter({ run: at("adapted"), output: at("no-adapter"), dialect });
    await expect(refused).rejects.toThrow('dialect: there is no "transformers>=5"');
    expect(existsSync(at("no-adapter"))).toBe(false);
  });

  test("names its modules as the release does", async () => {
    const keys = ADAPTER_DIALECTS.map((_, i) =>
      readText(at(`adapter-${i}`), "adapter_model.safetensors").slice(0, 9000),
    );
    expect(keys[0]).toContain("base_model.model.model.vision_tower.encoder.");
    expect(keys[1]).toContain("base_model.model.model.vision_tower.vision_model.encoder.");
    expect(keys[2]).toContain("base_model.model.vision_tower.vision_model.encoder.");
  });
});
