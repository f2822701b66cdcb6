import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDataSettings } from "../../src/config/load.ts";
import { loadSamples } from "../../src/data/samples.ts";
import { loadTokenizer } from "../../src/data/tokenizer.ts";
import { ADAPTER_DIALECTS } from "../../src/model/weight-names.ts";
import { synthTable } from "../../src/recipes/data/synth.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { exportAdapter, exportMerged } from "../../src/recipes/export.ts";
import { train } from "../../src/recipes/train.ts";
import { python, whyNoPython } from "../support/python.ts";
import { tinyConfig } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const BASE = join(import.meta.dirname, "../../checkpoints/tiny");
const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);

/** Token ids of greedy answers to a JSON list of [image, prompt], of each [model, adapter or null]; a key that PEFT cannot place is an error. */
const ANSWER = `
import json, sys, warnings, torch
from PIL import Image
from peft import PeftModel
from transformers import AutoProcessor, PaliGemmaForConditionalGeneration
torch.set_num_threads(1) # so small a model gains nothing from more
warnings.filterwarnings("error", message="(?s).*adapter keys")
models, asked = map(json.loads, sys.argv[1:])
answers = []
for path, adapter in models:
    processor = AutoProcessor.from_pretrained(path)
    model = PaliGemmaForConditionalGeneration.from_pretrained(path, dtype="auto")
    if adapter: model = PeftModel.from_pretrained(model, adapter)
    model.eval()
    found = []
    for image, prompt in asked if model.dtype == torch.float32 else []:
        inputs = processor(text="<image>" + prompt, images=Image.open(image).convert("RGB"), return_tensors="pt")
        ids = model.generate(**inputs, max_new_tokens=6, do_sample=False)[0, inputs["input_ids"].shape[1]:]
        found.append(ids.tolist())
    answers.append([str(next(model.parameters()).dtype), found])
print(json.dumps(answers))
`;

test("transformers answers with a merged model, and PEFT with base and adapter, in the very tokens of amlc", async (context) => {
  const reason = await whyNoPython(["torch", "transformers", "peft", "PIL"]);
  if (reason) context.skip(reason);
  // As wide as the model sees: nothing is resized, which transformers does a little otherwise.
  const { synth } = parseDataSettings({ synth: { size: 56 } });
  await synthTable({ random: 12, output: at("drawn.csv"), images: at("drawn"), settings: synth });
  const data = [`data.train=${at("drawn.csv")}`, `data.images=${at("drawn")}`];
  const config = tinyConfig(folder, ...data, "train.max_steps=30", "eval.max_new_tokens=6", "run.name=adapted");
  const { run: trained } = await train(config);
  const { predictions } = await evaluate({ run: trained, split: at("drawn.csv") });
  const ours = predictions.map(({ prediction }) => prediction);

  await exportMerged({ run: trained, output: at("merged"), dtype: "fp32" });
  await exportMerged({ run: trained, output: at("half"), dtype: "bf16" });
  const models: [string, string | null][] = [[at("merged"), null]];
  for (const [i, dialect] of ADAPTER_DIALECTS.entries()) {
    await exportAdapter({ run: trained, output: at(`adapter-${i}`), dialect });
    models.push([BASE, at(`adapter-${i}`)]);
  }
  const { samples } = await loadSamples({ csv: at("drawn.csv"), images: at("drawn"), requireValue: true });
  const asked = samples.map(({ imagePath, entity }) => [
    imagePath,
    config.data.prompt.replace("{entity}", entity.replaceAll("_", " ")),
  ]);
  const args = [...models, [BASE, null], [at("half"), null]];
  const stdout = await python(["-c", ANSWER, JSON.stringify(args), JSON.stringify(asked)]);
  const { decode } = await loadTokenizer(BASE);
  const read = ([dtype, answers]: [string, number[][]]) => [dtype, answers.map(decode)];
  const theirs = (JSON.parse(stdout) as [string, number[][]][]).map(read);
  const [untrained, half] = theirs.splice(-2);
  for (const [i, answers] of theirs.entries()) expect(answers, `${models[i]}`).toEqual(["torch.float32", ours]);
  expect(new Set(ours).size).toBeGreaterThan(6);
  expect(untrained![1]).not.toEqual(ours);
  expect(half![0]).toBe("torch.bfloat16");
}, 300_000);
