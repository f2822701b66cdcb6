import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AutoTokenizer, env } from "@huggingface/transformers";
import { expect, test } from "vitest";
import { loadTokenizer } from "../../src/data/tokenizer.ts";
import { onnxCompanions } from "../../src/export/onnx-companions.ts";
import { readCompanions } from "../../src/model/companions.ts";
import { readModelConfig } from "../../src/model/model-config.ts";
import { readPreprocessor } from "../../src/model/preprocessor.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);

test.each([
  ["nano", undefined],
  ["nano", true],
  ["tiny", undefined],
  ["tiny", true],
])(
  "the tokenizer of %s, cleaning up spaces: %s, gives transformers.js the text that amlc reads",
  async (name, cleans) => {
    const source = join(PACKAGE_ROOT, "checkpoints", name);
    const files = await readCompanions(source);
    const settings = JSON.parse(Buffer.from(files["tokenizer_config.json"]!).toString("utf8"));
    files["tokenizer_config.json"] = Buffer.from(JSON.stringify({ ...settings, clean_up_tokenization_spaces: cleans }));
    const config = await readModelConfig(source);
    const written = onnxCompanions(files, config, await readPreprocessor(source, config.vision), {});
    const exported = join(folder, `${name}-${cleans}`);
    mkdirSync(exported);
    for (const [file, bytes] of Object.entries(written)) writeFileSync(join(exported, file), bytes);

    const ours = await loadTokenizer(exported);
    env.allowRemoteModels = false;
    env.localModelPath = `${folder}/`;
    const theirs = await AutoTokenizer.from_pretrained(`${name}-${cleans}`);
    for (const text of ["1.5 . 2 , it 's", "34 gram", "a ' b ?"]) {
      const ids = ours.encode(text);
      expect(theirs.decode(ids, { skip_special_tokens: false })).toBe(ours.decode(ids));
    }
  },
);
