import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig, parseDataSettings } from "../../src/config/load.ts";
import { readTable } from "../../src/data/table.ts";
import { writeTable } from "../../src/data/table-write.ts";
import { openAnswers } from "../../src/recipes/answers.ts";
import { loadBase } from "../../src/recipes/base.ts";
import { synthTable } from "../../src/recipes/data/synth.ts";
import { startTuned } from "../../src/recipes/tuned.ts";
import { viewByInput } from "../../src/train/layout.ts";
import { python, whyNoPython } from "../support/python.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const NANO = join(import.meta.dirname, "../../checkpoints/nano");
const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);

/** Greedy answers of transformers to a JSON list of [image, prompt]. */
const ANSWER = `
import json, sys, warnings, torch
from PIL import Image
from transformers import AutoProcessor, PaliGemmaForConditionalGeneration
base, asked = sys.argv[1:]
processor = AutoProcessor.from_pretrained(base)
model = PaliGemmaForConditionalGeneration.from_pretrained(base, dtype=torch.float32).eval()
answers = []
for image, prompt in json.loads(asked):
    inputs = processor(text="<image>" + prompt, images=Image.open(image).convert("RGB"), return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=40, do_sample=False)[0, inputs["input_ids"].shape[1]:]
    answers.append(processor.tokenizer.decode(ids, skip_special_tokens=True).strip())
print(json.dumps(answers))
`;

test("transformers loads the nano base and reads labels in the very words of amlc", async (context) => {
  const reason = await whyNoPython(["torch", "transformers", "PIL"]);
  if (reason) context.skip(reason);
  const { synth } = parseDataSettings({});
  const { file } = await synthTable({ random: 12, output: at("read.csv"), images: at("read"), settings: synth });
  const links = (await readTable(file)).column("image_link");
  const asked = links.map((link, i) => [at(`read/${link.split("/").at(-1)}`), ["ocr", "after NET", "before g"][i % 3]]);
  const rows = asked.map(([image, prompt]) => ({
    ...{ image_link: image, entity_name: "item_weight", entity_value: "1 gram", prompt },
  }));
  await writeTable(at("asked.csv"), Object.keys(rows[0]), rows);
  const config = parseConfig({
    base: NANO,
    data: { train: at("asked.csv"), images: at("read") },
    eval: { max_new_tokens: 40 },
  });
  const base = await loadBase(config);
  const trained = await startTuned(config, base);
  const answers = await openAnswers("train", config, base, trained);
  const { predictions } = await answers.evaluate(viewByInput(trained.layout, trained.values));
  await answers.release();
  const stdout = await python(["-c", ANSWER, NANO, JSON.stringify(asked)]);
  const ours = predictions.map(({ prediction }) => prediction);
  expect(ours).toEqual(JSON.parse(stdout));
  expect(new Set(ours).size).toBeGreaterThan(6);
}, 300_000);
