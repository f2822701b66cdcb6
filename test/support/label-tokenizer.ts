import { ENTITIES, UNITS } from "../../src/challenge/entities.ts";
import { LABEL_CHARACTERS } from "../../src/data/characters.ts";

/** Stand for themselves; their ids are Gemma's, as far as hers go. */
const SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<image>"];

/** Begin a prompt, or stand in one, beside the names of entities. */
const FIRST_WORDS = ["answer", "ocr", "after", "before"];
const WORDS = ["en", "What", "is", "the"];

/** Gemma's sign for a space. */
const SPACE = "▁";

/**
 * The `tokenizer.json` of the nano base, a small model of product labels: each character is a token, and so are the words of prompts and of
 * the challenge's units. A text has one reading, for a whole word is always likelier than its letters (Unigram, Kudo 2018).
 */
export function labelTokenizer(): object {
  const names = [...ENTITIES.flatMap((entity) => entity.split("_")), ...Object.values(UNITS).flatMap(wordsOf)];
  const words = [...FIRST_WORDS, ...new Set([...WORDS, ...names].map((word) => `${SPACE}${word}`))];
  const letters = ["\n", SPACE, ...LABEL_CHARACTERS];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      ...{ id, content, special: true },
      ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
    })),
    normalizer: { type: "Replace", pattern: { String: " " }, content: SPACE },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<bos>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [
        { SpecialToken: { id: "<bos>", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { Sequence: { id: "B", type_id: 1 } },
      ],
      special_tokens: { "<bos>": { id: "<bos>", ids: [SPECIAL.indexOf("<bos>")], tokens: ["<bos>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [{ type: "Replace", pattern: { String: SPACE }, content: " " }, { type: "Fuse" }],
    },
    model: {
      type: "Unigram",
      unk_id: SPECIAL.indexOf("<unk>"),
      vocab: [
        ...SPECIAL.map((token) => [token, 0]),
        ...letters.map((letter) => [letter, -10]),
        ...words.map((word) => [word, -1]),
      ],
      byte_fallback: false,
    },
  };
}

const wordsOf = (units: readonly string[]) => units.flatMap((unit) => unit.split(" "));
