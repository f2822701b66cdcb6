import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  AutoProcessor,
  env,
  PaliGemmaForConditionalGeneration,
  RawImage,
  type Tensor,
} from "@huggingface/transformers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { normalisePixels, openPixelReader } from "../../src/data/pixels.ts";
import type { TokenizedSample } from "../../src/data/tokenize.ts";
import { searchAnswers } from "../../src/infer/search.ts";
import { openRunAnswerer } from "../../src/recipes/answerer.ts";
import { exportOnnx } from "../../src/recipes/export-onnx.ts";
import { readRows } from "../../src/recipes/rows.ts";
import { train } from "../../src/recipes/train.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const ROWS = 100;
const folder = workFolder(FAST_FOLDER);
const run = join(folder, "nano");
const rows = join(folder, "rows.csv");

/** A nano adapter that has begun to learn, so that answers differ from row to row; photographs are of the model's own size. */
beforeAll(async () => {
  const lines = readFileSync(join(PACKAGE_ROOT, "data", "nano", "val.csv"), "utf8").split("\n");
  writeFileSync(rows, `${lines.slice(0, ROWS + 1).join("\n")}\n`);
  const sets = [
    ...[`data.train=${rows}`, `data.val=${rows}`, `data.images=${join(folder, "images")}`, "data.features=null"],
    ...[`run.dir=${folder}`, "run.name=nano", "train.max_steps=40", "train.save_every=0", "eval.every=0"],
  ];
  await train(loadConfig({ config: "lora-r8-nano-2500", sets }));
  await exportOnnx({ run, output: join(folder, "onnx-nano"), dtypes: ["fp32", "q8"], checkRows: 0 });
}, 240_000);

let opened: Awaited<ReturnType<typeof openRunAnswerer>>;
let samples: readonly TokenizedSample[];
beforeAll(async () => {
  opened = await openRunAnswerer({ run });
  samples = (await readRows(rows, opened.config, opened.base, true)).samples;
});
afterAll(() => opened.answerer.release());

/** Token ids of amlc's answers, `<eos>` left out. */
async function ourTokens(): Promise<(readonly number[])[]> {
  const { reader, config, base } = opened;
  const { preprocessor } = base.model;
  const pixels = openPixelReader({ imageSize: preprocessor.imageSize });
  const answers: (readonly number[])[] = [];
  for (const { imagePath, prefix } of samples) {
    const features = await reader.look(normalisePixels([await pixels.read(imagePath)], preprocessor));
    const maxTokens = config.eval.max_new_tokens;
    const reading = await reader.read(
      [{ features, tokens: Int32Array.from(prefix), length: prefix.length }],
      maxTokens,
    );
    const [found] = await searchAnswers(reading, 1, { eosId: base.tokenizer.eosId, maxTokens, width: 1 });
    answers.push(found![0]!.tokens);
  }
  await pixels.close();
  return answers;
}

/** The same from transformers.js, which finds the files by itself. */
async function theirTokens(dtype: "fp32" | "q8"): Promise<number[][]> {
  env.allowRemoteModels = false;
  env.localModelPath = `${dirname(join(folder, "onnx-nano"))}/`;
  const processor = await AutoProcessor.from_pretrained("onnx-nano");
  const model = await PaliGemmaForConditionalGeneration.from_pretrained("onnx-nano", { dtype });
  const answers: number[][] = [];
  for (const { imagePath, entity } of samples) {
    const image = await RawImage.read(imagePath);
    const inputs = await processor(image, `<image>answer en What is the ${entity.replaceAll("_", " ")}?`);
    const ids = (await model.generate({ ...inputs, max_new_tokens: opened.config.eval.max_new_tokens })) as Tensor;
    const asked = inputs.input_ids.dims.at(-1);
    const tokens = (ids.slice(null, [asked, null]).tolist() as bigint[][])[0]!.map(Number);
    answers.push(tokens.filter((token) => token !== opened.base.tokenizer.eosId));
  }
  await model.dispose();
  return answers;
}

test(`transformers.js answers ${ROWS} rows with the very tokens of amlc`, async () => {
  const ours = await ourTokens();
  expect(new Set(ours.map(String)).size).toBeGreaterThan(10);
  expect(await theirTokens("fp32")).toEqual(ours);
}, 240_000);

test("and loads the files of 8 bits, which answer most rows alike", async () => {
  const [ours, theirs] = [await ourTokens(), await theirTokens("q8")];
  const same = ours.filter((tokens, row) => String(tokens) === String(theirs[row]));
  expect(same.length).toBeGreaterThan(0.8 * ROWS);
}, 240_000);
