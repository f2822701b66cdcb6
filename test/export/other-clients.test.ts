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
import { exportAdapter, exportMerged } from "../../src/recipes/export.ts";
import { exportOnnx } from "../../src/recipes/export-onnx.ts";
import { readRows } from "../../src/recipes/rows.ts";
import { train } from "../../src/recipes/train.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";
import { python, whyNoPython } from "../support/python.ts";
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
  await exportOnnx({ run, output: join(folder, "onnx-nano"), dtypes: ["fp32", "q8", "int8"], checkRows: 0 });
  await exportMerged({ run, output: join(folder, "merged") });
  await exportAdapter({ run, output: join(folder, "adapter") });
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
    const [features] = await reader.look([normalisePixels([await pixels.read(imagePath)], preprocessor)]);
    const maxTokens = config.eval.max_new_tokens;
    const reading = await reader.read(
      [{ features: features!, tokens: Int32Array.from(prefix), length: prefix.length }],
      maxTokens,
    );
    const [found] = await searchAnswers(reading, 1, { eosId: base.tokenizer.eosId, maxTokens, width: 1 });
    answers.push(found![0]!.tokens);
  }
  await pixels.close();
  return answers;
}

/** The same from transformers.js, which finds the files by itself. */
async function theirTokens(dtype: "fp32" | "q8" | "int8"): Promise<number[][]> {
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

test.each(["q8", "int8"] as const)(
  "and loads the files of %s, which answer most rows alike",
  async (dtype) => {
    const [ours, theirs] = [await ourTokens(), await theirTokens(dtype)];
    const same = ours.filter((tokens, row) => String(tokens) === String(theirs[row]));
    expect(same.length).toBeGreaterThan(0.8 * ROWS);
  },
  240_000,
);

/** Reads a JSON list of [image, prompt]; prints the token ids of each answer. */
const ASK_TRANSFORMERS = `
import json, sys, torch
from PIL import Image
from transformers import AutoProcessor, PaliGemmaForConditionalGeneration
base, adapter, rows, longest = sys.argv[1:]
processor = AutoProcessor.from_pretrained(base)
model = PaliGemmaForConditionalGeneration.from_pretrained(base, dtype=torch.float32).eval()
if adapter:
    from peft import PeftModel
    model = PeftModel.from_pretrained(model, adapter).eval()
answers = []
for image, prompt in json.load(open(rows)):
    inputs = processor(text="<image>" + prompt, images=Image.open(image).convert("RGB"), return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=int(longest), do_sample=False)[0, inputs["input_ids"].shape[1]:]
    answers.append([i for i in ids.tolist() if i != processor.tokenizer.eos_token_id])
print(json.dumps(answers))
`;

const ASK_ONNXRUNTIME = `
import json, sys
from pathlib import Path
import numpy as np
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer
folder, rows, longest = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
config = json.loads((folder / "config.json").read_text())
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
vision, embed, decoder = (onnxruntime.InferenceSession(str(folder / "onnx" / f"{name}.onnx"))
    for name in ("vision_encoder", "embed_tokens", "decoder_model_merged"))
embedded = lambda ids: embed.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0]
caches = [i for i in decoder.get_inputs() if i.name.startswith("past")]
names = [o.name.replace("present", "past_key_values") for o in decoder.get_outputs()][1:]
answers = []
for image, prompt in json.load(open(rows)):
    pixels = (np.asarray(Image.open(image).convert("RGB"), dtype=np.float32) / 255 - np.float32(0.5)) / np.float32(0.5)
    (features,) = vision.run(None, {"pixel_values": pixels.transpose(2, 0, 1)[None]})
    ids = [config["bos_token_id"], *tokenizer.encode(prompt + "\\n", add_special_tokens=False).ids]
    embeds, seen, answer = np.concatenate([features, embedded(ids)], axis=1), 0, []
    past = {i.name: np.zeros((1, i.shape[1], 0, i.shape[3]), dtype=np.float32) for i in caches}
    while len(answer) < longest:
        count = embeds.shape[1]
        logits, *present = decoder.run(None, {
            "inputs_embeds": embeds, "attention_mask": np.ones((1, seen + count), dtype=np.int64),
            "position_ids": np.arange(seen + 1, seen + count + 1, dtype=np.int64)[None],
            "num_logits_to_keep": np.array(1, dtype=np.int64), **past})
        seen, token = seen + count, int(logits[0, -1].argmax())
        if token == config["eos_token_id"]: break
        answer.append(token)
        embeds, past = embedded([token]), dict(zip(names, present))
    answers.append(answer)
print(json.dumps(answers))
`;

const CLIENTS = [
  {
    name: "onnxruntime",
    packages: ["onnxruntime", "tokenizers", "PIL"],
    program: ASK_ONNXRUNTIME,
    args: ["onnx-nano"],
  },
  {
    name: "transformers, merged",
    packages: ["transformers", "torch", "PIL"],
    program: ASK_TRANSFORMERS,
    args: ["merged", ""],
  },
  {
    name: "transformers + PEFT, base and adapter",
    packages: ["transformers", "torch", "peft", "PIL"],
    program: ASK_TRANSFORMERS,
    args: ["NANO", "adapter"],
  },
];

test.for(CLIENTS)(
  `Python: $name answers ${ROWS} rows with the very tokens`,
  { timeout: 300_000 },
  async (client, { skip }) => {
    const { packages, program, args } = client;
    const reason = await whyNoPython(packages);
    if (reason) skip(reason);
    const asked = samples.map(({ imagePath, entity }) => [
      imagePath,
      `answer en What is the ${entity.replaceAll("_", " ")}?`,
    ]);
    writeFileSync(join(folder, "asked.json"), JSON.stringify(asked));
    const places = args.map((place) =>
      place === "NANO" ? join(PACKAGE_ROOT, "checkpoints", "nano") : place && join(folder, place),
    );
    const rest = [join(folder, "asked.json"), String(opened.config.eval.max_new_tokens)];
    const stdout = await python(["-c", program, ...places, ...rest]);
    expect(JSON.parse(stdout)).toEqual(await ourTokens());
  },
);
