import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { loadConfig } from "../src/config/load.ts";
import { openMergedWeights } from "../src/export/merged-weights.ts";
import { writeOnnxModel } from "../src/export/onnx-model.ts";
import { openRunAnswerer } from "../src/recipes/answerer.ts";
import { exportMerged } from "../src/recipes/export.ts";
import { exportOnnx } from "../src/recipes/export-onnx.ts";
import { initModel } from "../src/recipes/init-model.ts";
import { load } from "../src/recipes/load.ts";
import { readRows } from "../src/recipes/rows.ts";
import { train } from "../src/recipes/train.ts";
import { PACKAGE_ROOT } from "../src/util/package.ts";
import { python, whyNoPython } from "./support/python.ts";
import { FAST_FOLDER, workFolder } from "./support/work-folder.ts";

const run = promisify(execFile);
const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);
const example = (name: string) => join(PACKAGE_ROOT, "examples", name);
let [image, answer] = ["", ""];

/** An adapter on the nano base that has taken a few steps, and a label of the base's own size. */
beforeAll(async () => {
  const rows = readFileSync(join(PACKAGE_ROOT, "data", "nano", "val.csv"), "utf8").split("\n");
  writeFileSync(at("rows.csv"), `${rows.slice(0, 33).join("\n")}\n`);
  const sets = [
    ...[
      `data.train=${at("rows.csv")}`,
      `data.val=${at("rows.csv")}`,
      `data.images=${at("images")}`,
      "data.features=null",
    ],
    ...[`run.dir=${folder}`, "run.name=nano", "train.max_steps=20", "train.save_every=0", "eval.every=0"],
    ...["eval.max_new_tokens=4", `data.prompt=read en Tell the {entity} of it`],
  ];
  await train(loadConfig({ config: "lora-r8-nano-2500", sets }));
  await exportOnnx({ run: at("nano"), output: at("onnx"), dtypes: ["fp32"], checkRows: 0 });
  await exportMerged({ run: at("nano"), output: at("merged"), dtype: "fp32" });
  const { config, base, answerer } = await openRunAnswerer({ run: at("nano") });
  image = (await readRows(at("rows.csv"), config, base, true)).samples[0]!.imagePath;
  await answerer.release();
  const model = await load(at("nano"));
  answer = (await model.answer(image, "item_weight")).text;
  await model.release();
});

test.each([
  ["answer-with-amlc.mjs", "nano"],
  ["answer-with-amlc.mjs", "onnx"],
  ["answer-with-amlc.mjs", "merged"],
  ["answer-with-onnxruntime.mjs", "onnx"],
  ["answer-with-transformers-js.mjs", "onnx"],
])(
  "%s answers from the %s folder as the run does",
  async (script, source) => {
    const { stdout } = await run(process.execPath, [example(script), at(source), image, "item_weight"]);
    expect(stdout.trim()).toBe(answer);
  },
  60_000,
);

test("answer-with-onnxruntime.mjs takes logits over all of PaliGemma's 257,216 tokens", async () => {
  const [like, base, output] = [at("like"), at("wide"), at("wide-onnx")];
  cpSync(join(PACKAGE_ROOT, "checkpoints", "tiny"), like, { recursive: true });
  const config = JSON.parse(readFileSync(join(like, "config.json"), "utf8"));
  Object.assign(config.text_config, { vocab_size: 257_216, hidden_size: 16 });
  Object.assign(config, { vocab_size: 257_216, projection_dim: 16 });
  writeFileSync(join(like, "config.json"), JSON.stringify(config));
  await initModel({ like, output: base, seed: 0, range: 0.02 });
  await using weights = await openMergedWeights(base);
  mkdirSync(output);
  await writeOnnxModel(output, weights, { dtypes: ["fp32"] });
  writeFileSync(join(output, "export.json"), JSON.stringify({ asked: { prompt: "{entity}?", max_new_tokens: 2 } }));
  const script = example("answer-with-onnxruntime.mjs");
  await expect(run(process.execPath, [script, output, image, "item_weight"])).resolves.toMatchObject({ stderr: "" });
});

const IN_PYTHON = [
  { script: "answer_with_onnxruntime.py", source: "onnx", packages: ["onnxruntime", "tokenizers", "PIL", "numpy"] },
  { script: "answer_with_transformers.py", source: "merged", packages: ["transformers", "torch", "PIL"] },
];

test.for(IN_PYTHON)("$script does too", async ({ script, source, packages }, { skip }) => {
  const reason = await whyNoPython(packages);
  if (reason) skip(reason);
  const stdout = await python([example(script), at(source), image, "item_weight"]);
  expect(stdout.trim()).toBe(answer);
});
