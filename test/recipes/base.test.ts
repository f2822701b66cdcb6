import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadBase } from "../../src/recipes/base.ts";
import { InputError } from "../../src/util/errors.ts";
import { tinyConfig } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);

/** The tiny base, whose table has 1608 rows, with a token of this id. */
function baseWith(id: number, content: string): string {
  const base = join(folder, `${content.replace(/\W/g, "")}-${id}`);
  cpSync("checkpoints/tiny", base, { recursive: true });
  const path = join(base, "tokenizer.json");
  const json = JSON.parse(readFileSync(path, "utf8"));
  const kept = json.added_tokens.filter((token: { content: string }) => token.content !== content);
  json.added_tokens = [...kept, { ...json.added_tokens[0], id, content, special: false }];
  writeFileSync(path, JSON.stringify(json));
  return base;
}

const load = (base: string) => loadBase(tinyConfig(folder, `base=${base}`));

describe("a tokenizer and the table of embeddings", () => {
  test("fit where the last token has the last row, and where the image's token has none, which is never looked up", async () => {
    expect((await load(baseWith(1607, "<last>"))).model.config.text.vocabSize).toBe(1608);
    const base = baseWith(9000, "<image>");
    const path = join(base, "config.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), image_token_index: 9000 }));
    expect((await load(base)).model.config.imageTokenId).toBe(9000);
  });

  test("do not fit where a token has no row: that is told before anything is trained", async () => {
    const base = baseWith(1608, "<more>");
    const error = await load(base).catch((e: unknown) => e as InputError);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toBe(
      `${base}: tokenizer.json has tokens up to 1608, config.json's text_config.vocab_size is 1608: the last must be 1607`,
    );
    expect((error as InputError).hint).toContain("resize_token_embeddings");
  });
});
