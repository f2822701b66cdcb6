import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeAdapter, readAdapter, type SavedAdapter } from "../../src/model/adapter-files.ts";
import { loraModules } from "../../src/model/lora.ts";
import { readModelConfig } from "../../src/model/model-config.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { ADAPTER_DIALECTS, type AdapterDialect } from "../../src/model/weight-names.ts";
import { replaceFolderAtomic } from "../../src/util/files.ts";
import { tensor } from "../../src/util/tensor.ts";
import { python, whyNoPython } from "../support/python.ts";

const BASE = join(import.meta.dirname, "../../checkpoints/tiny");

/** Loads each adapter into the base and saves what arrived; PEFT's warning of unmatched keys is an error. */
const RELOAD = `
import sys, warnings
from transformers import PaliGemmaForConditionalGeneration
from peft import PeftModel
base, *folders = sys.argv[1:]
warnings.filterwarnings("error", message="(?s).*adapter keys")
for folder in folders:
    model = PaliGemmaForConditionalGeneration.from_pretrained(base)
    PeftModel.from_pretrained(model, folder).save_pretrained(folder + "-again")
`;

/** Every number differs from its neighbours and from zero, so none can be lost unseen. */
const numbers = (shape: readonly [number, number], phase: number) =>
  tensor(
    "f32",
    shape,
    Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i + phase)),
  );

async function someAdapter(targets: readonly string[] | string): Promise<SavedAdapter> {
  const config = { rank: 4, alpha: 8, dropout: 0.1, rslora: true, targets, exclude: null };
  const modules = loraModules(paligemmaParameters(await readModelConfig(BASE)), config);
  const weights = modules.map(({ path, in: width, out }, i) => {
    return [path, { a: numbers([4, width], 2 * i + 0.1), b: numbers([out, 4], 2 * i + 1.1) }] as const;
  });
  return { config, weights: new Map(weights), base: null };
}

/** Targets that are spelt out path by path load in the release they were written for only. */
const CASES: readonly (readonly [string | readonly string[], readonly AdapterDialect[]])[] = [
  [["q_proj", "v_proj", "fc1", "down_proj"], ADAPTER_DIALECTS],
  ["all-linear", ["transformers>=5.6"]],
  [".*language_model.*(q|o)_proj", ["transformers>=5.6"]],
];

test("PEFT loads what is written in every dialect: each key matched, each number the same", async (context) => {
  const reason = await whyNoPython(["torch", "transformers", "peft"]);
  if (reason) context.skip(reason);
  const home = await mkdtemp(join(tmpdir(), "amlc-peft-"));
  try {
    const written = new Map<string, SavedAdapter>();
    for (const [targets, dialects] of CASES) {
      const adapter = await someAdapter(targets);
      for (const dialect of dialects) {
        const folder = join(home, `adapter-${written.size}`);
        await replaceFolderAtomic(folder, encodeAdapter(adapter, dialect));
        written.set(folder, adapter);
      }
    }
    await python(["-c", RELOAD, BASE, ...written.keys()]);
    for (const [folder, { weights }] of written) {
      expect((await readAdapter(`${folder}-again`)).weights, folder).toEqual(weights);
    }
  } finally {
    await rm(home, { recursive: true });
  }
}, 120_000);
