import { readdirSync, statSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { writeOnnxFile } from "../../src/export/onnx-files.ts";
import { EXPORTED_GRAPHS } from "../../src/export/onnx-graphs.ts";
import { graphReader } from "../../src/infer/graph-reader.ts";
import { onnxReader } from "../../src/infer/onnx-reader.ts";
import type { Reader } from "../../src/infer/reader.ts";
import { ONNX_DTYPES, ONNX_PARTS, type OnnxDtype, onnxFile } from "../../src/model/onnx-layout.ts";
import type { Tensor } from "../../src/util/tensor.ts";
import { relativeError } from "../support/errors.ts";
import { answerGolden, goldenPrompts } from "../support/golden-answers.ts";
import { GOLDENS, type Golden, type GoldenName, greedyIds, loadGolden } from "../support/goldens.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const homeOf = (name: GoldenName) => join(folder, name);

async function write(name: GoldenName, dtypes: readonly OnnxDtype[], mostBytes?: number): Promise<Golden> {
  const golden = await loadGolden(name);
  await mkdir(join(homeOf(name), "onnx"), { recursive: true });
  const { weights, config } = golden.model;
  for (const dtype of dtypes)
    for (const part of ONNX_PARTS)
      await writeOnnxFile(join(homeOf(name), onnxFile(part, dtype)), EXPORTED_GRAPHS[part](config), {
        dtype,
        read: async (weight) => weights[weight] as Tensor<"f32">,
        isWeight: (input) => Object.hasOwn(weights, input),
        ...(mostBytes !== undefined && { mostBytes }),
      });
  return golden;
}

/** Logits of the first token and of two more that are the same for all, of the three rows. */
async function threeSteps(reader: Reader, golden: Golden): Promise<Float32Array[]> {
  const reading = await reader.read(await goldenPrompts(golden, [0, 1, 2], reader), 8);
  const logits = [reading.logits.slice()];
  for (const tokens of [
    [5, 6, 7],
    [8, 9, 10],
  ]) {
    await reading.next([0, 1, 2], tokens);
    logits.push(reading.logits.slice());
  }
  return logits;
}

describe.each(GOLDENS)("the files of %s", (name) => {
  let golden: Golden;
  beforeAll(async () => {
    golden = await write(name, ONNX_DTYPES);
  });

  test.each([
    ["fp32", 2e-5],
    ["fp16", 5e-3],
    ["q8", 5e-2],
    ["int8", 0.1],
    ["q4", 0.5],
  ] as const)("%s: logits of prompt and tokens are the engine's, to a relative %f", async (dtype, limit) => {
    const [graphs, files] = [
      graphReader(ortEngine(), golden.model),
      await onnxReader(homeOf(name), dtype, golden.model.config),
    ];
    const [ours, theirs] = [await threeSteps(graphs.with({}), golden), await threeSteps(files, golden)];
    theirs.forEach(
      (logits, step) => void expect(relativeError(logits, ours[step]!), `step ${step}`).toBeLessThan(limit),
    );
    await Promise.all([graphs.release(), files.release()]);
  });

  test("greedy answers are the ids of transformers, for rows of several lengths side by side", async () => {
    const files = await onnxReader(homeOf(name), "fp32", golden.model.config);
    const answers = await answerGolden(files, golden, { rows: [2, 0, 1, 2] });
    expect(answers.map(([best]) => best!.tokens)).toEqual([2, 0, 1, 2].map((row) => greedyIds(golden, row)));
    await files.release();
  });

  test("inputs, outputs and open axes have the names that transformers.js asks for", async () => {
    const { text, vision } = golden.model.config;
    const session = await InferenceSession.create(join(homeOf(name), onnxFile("decoder_model_merged", "fp32")));
    const shapes = Object.fromEntries(
      session.inputMetadata.map((i) => [i.name, i.isTensor && `${i.type} [${i.shape}]`]),
    );
    const past = Object.fromEntries(
      Array.from({ length: text.numLayers }, (_, layer) =>
        ["key", "value"].map((what) => `past_key_values.${layer}.${what}`),
      )
        .flat()
        .map((cache) => [cache, `float32 [batch_size,${text.numKvHeads},past_sequence_length,${text.headDim}]`]),
    );
    expect(shapes).toEqual({
      inputs_embeds: `float32 [batch_size,sequence_length,${text.hiddenSize}]`,
      attention_mask: "int64 [batch_size,total_sequence_length]",
      position_ids: "int64 [batch_size,sequence_length]",
      num_logits_to_keep: "int64 []",
      ...past,
    });
    expect(session.outputNames).toEqual([
      "logits",
      ...Object.keys(past).map((cache) => cache.replace("past_key_values", "present")),
    ]);
    const encoder = await InferenceSession.create(join(homeOf(name), onnxFile("vision_encoder", "fp32")));
    expect(encoder.inputMetadata).toMatchObject([
      { name: "pixel_values", shape: ["batch_size", 3, vision.imageSize, vision.imageSize] },
    ]);
    expect(encoder.outputMetadata[0]).toMatchObject({ name: "image_features", type: "float32" });
    await Promise.all([session.release(), encoder.release()]);
  });
});

test("no logits to keep means all of them", async () => {
  const golden = await write("tiny", ["fp32"]);
  const { text } = golden.model.config;
  const { openModelFile } = await import("../../src/engine/ort/model-file.ts");
  const decoder = await openModelFile(join(homeOf("tiny"), onnxFile("decoder_model_merged", "fp32")));
  const counts = [];
  for (const kept of [0n, 1n, 3n]) {
    const caches = decoder.inputs
      .filter((name) => name.startsWith("past"))
      .map((name) => [name, { dtype: "f32", shape: [2, text.numKvHeads, 0, text.headDim], data: new Float32Array(0) }]);
    const { logits } = await decoder.run({
      inputs_embeds: {
        dtype: "f32",
        shape: [2, 4, text.hiddenSize],
        data: new Float32Array(8 * text.hiddenSize).fill(0.1),
      },
      attention_mask: { dtype: "i64", shape: [2, 4], data: new BigInt64Array(8).fill(1n) },
      position_ids: { dtype: "i64", shape: [2, 4], data: BigInt64Array.of(1n, 2n, 3n, 4n, 1n, 2n, 3n, 4n) },
      num_logits_to_keep: { dtype: "i64", shape: [], data: BigInt64Array.of(kept) },
      ...Object.fromEntries(caches),
    });
    counts.push(logits!.shape);
  }
  expect(counts).toEqual([4, 1, 3].map((kept) => [2, kept, text.vocabSize]));
  await decoder.release();
});

test("weights that are too many for one file stand beside it, in files of their own, and answer the same", async () => {
  const golden = await write("tiny", ["fp32"], 20_000);
  const files = await onnxReader(homeOf("tiny"), "fp32", golden.model.config);
  expect((await answerGolden(files, golden, {})).map(([best]) => best!.tokens)).toEqual(
    [0, 1, 2].map((row) => greedyIds(golden, row)),
  );
  await files.release();
  const written = readdirSync(join(homeOf("tiny"), "onnx")).filter((name) =>
    name.startsWith("decoder_model_merged.onnx"),
  );
  expect(written).toEqual(
    expect.arrayContaining([
      "decoder_model_merged.onnx",
      "decoder_model_merged.onnx_data",
      "decoder_model_merged.onnx_data_1",
    ]),
  );
  const model = await readFile(join(homeOf("tiny"), "onnx", "decoder_model_merged.onnx"));
  expect(model.includes("decoder_model_merged.onnx_data_1")).toBe(true);
  expect(statSync(join(homeOf("tiny"), "onnx", "decoder_model_merged.onnx_data_1")).size % 4096).toBe(0);
});
