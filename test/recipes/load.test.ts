import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Entity } from "../../src/challenge/entities.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { exportOnnx } from "../../src/recipes/export-onnx.ts";
import { type LoadedModel, load } from "../../src/recipes/load.ts";
import { train } from "../../src/recipes/train.ts";
import { InputError } from "../../src/util/errors.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";
import { SHIPPED, tinyConfig } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

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

  test("what is no image, and an entity that is none, are told", async () => {
    await expect(model.answer(join(folder, "none.jpg"), "width")).rejects.toThrow("none.jpg: no such image");
    await expect(model.answer(new TextEncoder().encode("no image"), "width")).rejects.toThrow("the image: is no image");
    await expect(model.answer(rows[0]!.image, "lenght" as Entity)).rejects.toThrow('there is no entity "lenght"');
  });

  test.each([undefined, null, 7, {}, new URL("file:///photo.jpg")])(
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
    const model = await load(onnx);
    for (const { image, entity } of rows)
      expect((await model.answer(image, entity)).text).toBe(answers.get(`${image} ${entity}`));
    await model.release();
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

test("a Hugging Face folder answers without any run", async () => {
  const model = await load(join(PACKAGE_ROOT, "checkpoints", "nano"));
  expect((await model.answer(rows[0]!.image, "item_weight")).text).toEqual(expect.any(String));
  await model.release();
});
