import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Entity } from "../../src/challenge/entities.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { exportMerged } from "../../src/recipes/export.ts";
import { exportOnnx } from "../../src/recipes/export-onnx.ts";
import { type LoadedModel, load } from "../../src/recipes/load.ts";
import { openPhotographs } from "../../src/recipes/steps.ts";
import { train } from "../../src/recipes/train.ts";
import { startTuned } from "../../src/recipes/tuned.ts";
import { InputError } from "../../src/util/errors.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";
import { SHIPPED, tinyConfig } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

vi.mock(import("../../src/recipes/steps.ts"), { spy: true });
vi.mock(import("../../src/recipes/tuned.ts"), { spy: true });

const folder = workFolder();
const run = join(folder, "learnt");
const photograph = (name: string) => join(SHIPPED, "images", name);
let answers: ReadonlyMap<string, string>;
let rows: readonly { image: string; entity: Entity }[];

beforeAll(async () => {
  await train(tinyConfig(folder, "run.name=learnt", "train.max_steps=6", "train.save_every=0"));
  const { predictions } = await evaluate({ run, split: "val" });
  const [header, ...lines] = readFileSync(join(SHIPPED, "val.csv"), "utf8").trim().split("\n");
  const link = header!.split(",").indexOf("image_link");
  rows = predictions.map(({ index, entity_name }) => ({
    image: photograph(lines[index]!.split(",")[link]!.split("/").at(-1)!),
    entity: entity_name as Entity,
  }));
  answers = new Map(predictions.map(({ prediction }, i) => [`${rows[i]!.image} ${rows[i]!.entity}`, prediction]));
}, 60_000);

describe("a run", () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await load(run, { sets: ["engine.threads=1"] });
  });
  afterAll(() => model.release());

  test("answers as amlc eval does, from a path or from bytes", async () => {
    for (const { image, entity } of rows) {
      const { text, confidence } = await model.answer(image, entity);
      expect(text).toBe(answers.get(`${image} ${entity}`));
      expect(await model.answer(readFileSync(image), entity)).toMatchObject({ text, confidence });
      expect(confidence).toBeGreaterThan(0);
      expect(confidence).toBeLessThanOrEqual(1);
    }
  });

  test("several questions about an image are answered as each alone", async () => {
    const image = rows[0]!.image;
    const all = await model.answerAll(image, ["width", "item_weight"]);
    expect(Object.keys(all)).toEqual(["width", "item_weight"]);
    expect(all.item_weight).toEqual(await model.answer(image, "item_weight"));
  });

  test("an image may be a file's address or a buffer, too", async () => {
    const { image } = rows[0]!;
    const wanted = await model.answer(image, "width");
    const bytes = readFileSync(image);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    expect(await model.answer(pathToFileURL(image), "width")).toEqual(wanted);
    expect(await model.answer(buffer, "width")).toEqual(wanted);
    const text = `data:image/jpeg;base64,${"a".repeat(5000)}`;
    await expect(model.answer(text, "width")).rejects.toThrow(/not a text of 5023 letters$/);
  });

  test("what is no image, and an entity that is none, are told", async () => {
    await expect(model.answer(join(folder, "none.jpg"), "width")).rejects.toThrow("none.jpg: no such image");
    await expect(model.answer(new TextEncoder().encode("no image"), "width")).rejects.toThrow("the image: is no image");
    await expect(model.answer(rows[0]!.image, "lenght" as Entity)).rejects.toThrow('there is no entity "lenght"');
  });

  test.each([undefined, null, 7, {}, new URL("https://a.org/photo.jpg")])(
    "an image or entity that is neither path, bytes nor name is told as what it is: %s",
    async (odd) => {
      const image = model.answer(odd as unknown as string, "width");
      await expect(image).rejects.toThrow(InputError);
      await expect(image).rejects.toThrow(`an image is a file's path or its bytes, not ${odd}`);
      const entity = model.answer(rows[0]!.image, odd as unknown as Entity);
      await expect(entity).rejects.toThrow(`there is no entity "${odd}"`);
    },
  );
});

test("questions asked at once are answered in turn; a release waits for them, and then nothing is answered", async () => {
  const model = await load(run, { sets: ["engine.threads=1"] });
  const asked = rows.map(({ image, entity }) => model.answer(image, entity));
  const released = [model.release(), model.release()];
  const found = await Promise.all(asked);
  expect(found.map(({ text }) => text)).toEqual(rows.map(({ image, entity }) => answers.get(`${image} ${entity}`)));
  await Promise.all(released);
  await expect(model.answer(rows[0]!.image, "width")).rejects.toThrow("the model has been released");
});

test("a run has one pool of threads that read photographs", async () => {
  vi.mocked(openPhotographs).mockClear();
  await (await load(run, { sets: ["engine.threads=1"] })).release();
  expect(openPhotographs).not.toHaveBeenCalled();
});

test("the likeliest of the best few is given where a beam is set, as amlc eval gives it", async () => {
  const sets = ["engine.threads=1", "decode.n_best=4"];
  const { predictions } = await evaluate({ run, split: "val", sets });
  expect(predictions.map(({ prediction }) => prediction)).not.toEqual([...answers.values()]);
  const model = await load(run, { sets });
  for (const [i, { image, entity }] of rows.entries()) {
    const { text, confidence } = await model.answer(image, entity);
    expect({ text, confidence }).toEqual({ text: predictions[i]!.prediction, confidence: predictions[i]!.confidence });
  }
  await model.release();
});

test("a form of answers is a setting: the text then has a value", async () => {
  const model = await load(run, { sets: ["engine.threads=1", "decode.constrain=units"] });
  const { text, value } = await model.answer(rows[0]!.image, "wattage");
  expect(text).toMatch(/^[\d.]+ (kilo)?watt$/);
  expect(value).toEqual({ number: Number.parseFloat(text), unit: text.split(" ")[1] });
  await model.release();
});

describe("an ONNX folder", () => {
  const onnx = join(folder, "onnx");

  test("answers as the run that it was exported from, and says how it was asked", async () => {
    const report = await exportOnnx({
      run,
      output: onnx,
      dtypes: ["fp32", "q8"],
      checkRows: 4,
      sets: ["engine.threads=1"],
    });
    expect(report.checks.map(({ dtype, rows, same }) => [dtype, rows, same])).toEqual([
      ["fp32", 4, 1],
      ["q8", 4, expect.any(Number)],
    ]);
    expect(report.checks[0]!.logit_error).toBeLessThan(1e-4);
    expect(JSON.parse(readFileSync(join(onnx, "export.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(report)));
    await using model = await load(onnx);
    for (const { image, entity } of rows)
      expect((await model.answer(image, entity)).text).toBe(answers.get(`${image} ${entity}`));
    await expect(load(onnx, { dtype: "q4" })).rejects.toThrow("has no onnx/decoder_model_merged_q4.onnx");
    await expect(load(onnx, { dtype: "int4" as "q4" })).rejects.toThrow('dtype: there is no "int4"');
    const quantised = await load(onnx, { dtype: "q8" });
    expect((await quantised.answer(rows[0]!.image, "width")).text).toEqual(expect.any(String));
    await quantised.release();
  }, 60_000);

  test("is replaced by a later export, and a folder of something else is left alone", async () => {
    const options = { run, dtypes: ["fp32"] as const, checkRows: 0, sets: ["engine.threads=1"] };
    await exportOnnx({ ...options, output: onnx });
    expect(existsSync(join(onnx, "onnx", "decoder_model_merged_quantized.onnx"))).toBe(false);
    const taken = join(folder, "taken");
    mkdirSync(taken);
    writeFileSync(join(taken, "thesis.txt"), "of years");
    await expect(exportOnnx({ ...options, output: taken })).rejects.toThrow(
      "taken: is a folder that holds something else",
    );
    expect(readFileSync(join(taken, "thesis.txt"), "utf8")).toBe("of years");
  }, 60_000);
});

describe("a Hugging Face folder", () => {
  const nano = join(PACKAGE_ROOT, "checkpoints", "nano");

  test("answers without any run, whatever file it has of its preprocessing", async () => {
    const bare = join(folder, "bare");
    cpSync(nano, bare, { recursive: true });
    rmSync(join(bare, "preprocessor_config.json"));
    const [image, texts] = [rows[0]!.image, [] as string[]];
    for (const place of [nano, bare]) {
      const model = await load(place, { sets: ["engine.threads=1"] });
      texts.push((await model.answer(image, "item_weight")).text);
      await model.release();
    }
    expect(texts).toEqual([expect.any(String), texts[0]]);
  });

  test("is read without an adapter, unless one is named", async () => {
    vi.mocked(startTuned).mockClear();
    const sets = ["engine.threads=1"];
    const bare = await load("checkpoints/tiny", { sets });
    expect(startTuned).not.toHaveBeenCalled();
    const adapter = ["lora.rank=8", "lora.alpha=16", `lora.init_adapter=${join(run, "checkpoints", "best")}`];
    const adapted = await load("checkpoints/tiny", { sets: [...sets, ...adapter] });
    const { image, entity } = rows[0]!;
    const text = answers.get(`${image} ${entity}`);
    expect((await adapted.answer(image, entity)).text).toBe(text);
    expect((await bare.answer(image, entity)).text).not.toBe(text);
    await Promise.all([bare.release(), adapted.release()]);
  });

  test("in an export is asked in the form that the run was asked in", async () => {
    const merged = join(folder, "merged");
    const sets = ["engine.threads=1", "decode.constrain=units", "decode.n_best=2"];
    const { asked } = await exportMerged({ run, output: merged, sets });
    expect(asked).toMatchObject({ constrain: "units", n_best: 2 });
    const [exported, model] = [await load(merged, { sets: ["engine.threads=1"] }), await load(run, { sets })];
    const { text } = await exported.answer(rows[0]!.image, "wattage");
    expect(text).toMatch(/^[\d.]+ (kilo)?watt$/);
    expect((await model.answer(rows[0]!.image, "wattage")).text).toBe(text);
    await Promise.all([exported.release(), model.release()]);
  });
});

describe("before anything is loaded", () => {
  test("a path that is nothing is told with all that could be there", async () => {
    const [nothing, empty] = [join(folder, "lerant"), join(folder, "empty")];
    mkdirSync(empty);
    for (const path of [nothing, empty]) {
      const error = await load(path, { dtype: "q8", checkpoint: "best" }).catch((error: InputError) => error);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toMatch(
        /^.*: there is no run .*, no folder of amlc export onnx .*, no Hug/,
      );
    }
    await expect(load(nothing)).rejects.toMatchObject({ hint: expect.stringContaining('did you mean "learnt"?') });
  });

  test("an option that there is not, and a path that is none, are told", async () => {
    await expect(load(run, { set: [] } as object)).rejects.toThrow('option: there is no "set"');
    await expect(load(undefined as unknown as string)).rejects.toThrow("a model is named by a path, not undefined");
  });

  test("an option that is of another kind of folder is refused", async () => {
    await expect(load(run, { dtype: "q8" })).rejects.toThrow(`dtype: "q8" is of an ONNX folder, and ${run} is none`);
    const nano = join(PACKAGE_ROOT, "checkpoints", "nano");
    await expect(load(nano, { checkpoint: "last" })).rejects.toThrow(
      `checkpoint: "last" is of a run, and ${nano} is none`,
    );
  });

  test("a checkpoint that no run has is refused with the name that is like it", async () => {
    const error = await load(run, { checkpoint: "bset" as "best" }).catch((error: InputError) => error);
    expect(error).toMatchObject({ message: 'checkpoint: there is no "bset"', hint: 'did you mean "best"?' });
  });
});
