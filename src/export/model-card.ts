import type { ScoreByEntity } from "../challenge/score.ts";
import { formatCount } from "../util/format-number.ts";

/** What an exported folder came from. */
export interface Origin {
  readonly run: string;
  readonly checkpoint: "best" | "last";
  /** Optimiser steps that its training took. */
  readonly step: number;
  readonly base: string;
  /** `rank 8, alpha 16, on q_proj, v_proj`. */
  readonly trained: string;
  readonly rows: string;
  /** Template, and the same filled in for an entity. */
  readonly prompt: { readonly template: string; readonly example: string };
  /** Of the run's last evaluation on validation rows. */
  readonly score: ScoreByEntity | undefined;
}

/** README.md of a merged model. */
export function mergedCard(folder: string, origin: Origin, dtype: string): string {
  return card("transformers", [
    `# ${origin.run}`,
    `A PaliGemma that reads values off product photographs, written by \`amlc export merged\`: base and what was trained in one, its weights added up in float32 and then kept as ${dtype}.`,
    ...aboutOrigin(origin),
    "## Use",
    python(
      "from PIL import Image",
      "from transformers import AutoProcessor, PaliGemmaForConditionalGeneration",
      "",
      `model = PaliGemmaForConditionalGeneration.from_pretrained(${quoted(folder)}, dtype="auto")`,
      `processor = AutoProcessor.from_pretrained(${quoted(folder)})`,
      ...askInPython(origin),
    ),
  ]);
}

/** README.md of an adapter. */
export function adapterCard(folder: string, origin: Origin, dialect: string): string {
  return card("peft", [
    `# ${origin.run}`,
    `A LoRA adapter for PaliGemma that reads values off product photographs, written by \`amlc export adapter\` with the module names of ${dialect}. It does nothing without its base, and is right on this one alone.`,
    ...aboutOrigin(origin),
    "## Use",
    python(
      "from peft import PeftModel",
      "from PIL import Image",
      "from transformers import AutoProcessor, PaliGemmaForConditionalGeneration",
      "",
      `base = PaliGemmaForConditionalGeneration.from_pretrained(${quoted(origin.base)})`,
      `model = PeftModel.from_pretrained(base, ${quoted(folder)})`,
      `processor = AutoProcessor.from_pretrained(${quoted(origin.base)})`,
      ...askInPython(origin),
    ),
    "PEFT only warns of keys that it cannot place, and then answers with the base: export again with another `--dialect` if it does.",
  ]);
}

function card(library: string, parts: readonly string[]): string {
  const head = ["---", `library_name: ${library}`, "pipeline_tag: image-text-to-text", "tags: [paligemma]", "---"];
  return `${head.join("\n")}\n\n${parts.join("\n\n")}\n`;
}

function aboutOrigin({ run, checkpoint, step, base, trained, rows, prompt, score }: Origin): string[] {
  const facts = [
    `base: ${code(base)}, whose licence goes for this folder too`,
    `run: ${code(run)}, its ${checkpoint} checkpoint, after ${formatCount(step)} steps`,
    `trained: ${trained}`,
    `rows: ${code(rows)}`,
    `prompt: ${code(prompt.template)}`,
  ];
  return [facts.map((fact) => `- ${fact}`).join("\n"), ...(score ? aboutScore(score) : [])];
}

function aboutScore(score: ScoreByEntity): string[] {
  const lines = [["all", score] as const, ...Object.entries(score.by_entity)].map(
    ([entity, { rows, tp, f1 }]) => `| ${entity.replaceAll("_", " ")} | ${rows} | ${tp} | ${f1.toFixed(4)} |`,
  );
  return [
    "## Answers to validation rows",
    "As the run was last evaluated, by the rules of the Amazon ML Challenge 2024.",
    ["| entity | rows | right | F1 |", "|---|---|---|---|", ...lines].join("\n"),
  ];
}

const python = (...lines: readonly string[]) => ["```python", ...lines, "```"].join("\n");

const askInPython = ({ prompt }: Origin): string[] => [
  'image = Image.open("photograph.jpg").convert("RGB")',
  `inputs = processor(text="<image>" + ${quoted(prompt.example)}, images=image, return_tensors="pt")`,
  'ids = model.generate(**inputs, max_new_tokens=20, do_sample=False)[0, inputs["input_ids"].shape[1] :]',
  "print(processor.decode(ids, skip_special_tokens=True))",
];

/** A string of Python is one of JSON, too. */
const quoted = (text: string) => JSON.stringify(text);

const code = (text: string) => `\`${text.replaceAll(/[`\r\n]/g, "'")}\``;
