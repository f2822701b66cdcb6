import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import { checkJson, parseJson, readText } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";

/** Text to ids of a checkpoint's vocabulary and back. Stateless. */
export interface Tokenizer {
  readonly padId: number;
  readonly bosId: number;
  readonly eosId: number;
  /** Ids of a text on its own; nothing is added. */
  encode(text: string): number[];
  /** The text before the first `<eos>`, without special tokens or spaces at its ends. */
  decode(ids: ArrayLike<number>): string;
  /**
   * What each id adds to the middle of an answer; undefined for special tokens, and for bytes unless a character of ASCII
   * has no other token.
   */
  readonly texts: readonly (string | undefined)[];
  /** The largest id that a token has, but for one. */
  largestId(except: number): number;
  /** A special token that is spelt out in `text`, such as `<image>`: encoded, it would be the token itself. */
  findSpecial(text: string): string | undefined;
}

const tokenizerSchema = z.looseObject({
  model: z.looseObject({}),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string(), special: z.boolean() })),
});
const tokenName = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])
  .nullish();
const configSchema = z.looseObject({
  ...{ pad_token: tokenName, bos_token: tokenName, eos_token: tokenName },
  clean_up_tokenization_spaces: z.boolean().nullish(),
});
type Config = z.output<typeof configSchema>;

/** What a tokenizer is made of, read and not yet looked at. */
export interface TokenizerFiles {
  readonly path: string;
  /** Of `tokenizer.json`. */
  readonly text: string;
  readonly config: Config;
}

const HINT = "copy tokenizer.json and tokenizer_config.json from where the checkpoint is from";

/**
 * Reads `tokenizer.json` and `tokenizer_config.json` of a Hugging Face folder.
 * @throws InputError naming the file that is missing or broken, or the special token that the vocabulary lacks.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  return makeTokenizer(await readTokenizerFiles(folder));
}

/** @throws InputError naming the file that is missing, or settings that are broken */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const path = join(folder, "tokenizer.json");
  const text = await readText(path, HINT);
  return { path, text, config: await readConfig(join(folder, "tokenizer_config.json")) };
}

/** Takes some seconds of a large vocabulary. @throws InputError as {@link loadTokenizer} */
export function makeTokenizer({ path, text, config }: TokenizerFiles): Tokenizer {
  const json = checkJson(path, parseJson(path, text), tokenizerSchema);
  const inner = construct(path, json, { ...config, clean_up_tokenization_spaces: cleansSpaces(json, config) });
  const idOf = (token: string) => {
    const id = inner.token_to_id(token);
    if (id === undefined) throw new InputError(`${path}: has no token ${token}`, { hint: HINT });
    return id;
  };
  const eosId = idOf(config.eos_token ?? "<eos>");
  const specials = json.added_tokens.filter((token) => token.special);
  const anySpecial = new RegExp(specials.map((token) => escapeRegex(token.content)).join("|") || "$^");
  // A trained vocabulary may count its bytes among the special tokens; they are letters of an answer all the same.
  const silent = new Set(specials.filter((token) => !BYTE.test(token.content)).map((token) => token.id));
  let texts: readonly (string | undefined)[] | undefined;
  return {
    padId: idOf(config.pad_token ?? "<pad>"),
    bosId: idOf(config.bos_token ?? "<bos>"),
    eosId,
    encode: (text) => inner.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => {
      const all = Array.from(ids);
      const end = all.indexOf(eosId);
      const answer = (end < 0 ? all : all.slice(0, end)).filter((id) => !silent.has(id));
      return answer.length === 0 ? "" : inner.decode(answer, { skip_special_tokens: false }).trim();
    },
    get texts() {
      texts ??= textsOf(json);
      return texts;
    },
    largestId: (except) => idsOf(json).reduce((largest, id) => (id === except ? largest : Math.max(largest, id)), -1),
    findSpecial: (text) => anySpecial.exec(text)?.[0],
  };
}

/**
 * Whether decoded text loses its spaces before signs. In transformers only where the settings say so, and never with BPE;
 * tokenizers in JavaScript take silence for yes.
 */
export function cleansSpaces(
  { model }: { readonly model?: { readonly type?: unknown } },
  config: { readonly clean_up_tokenization_spaces?: unknown },
): boolean {
  return config.clean_up_tokenization_spaces === true && model?.type !== "BPE";
}

const BYTE = /^<0x([0-9A-F]{2})>$/;

type TokenizerJson = z.output<typeof tokenizerSchema>;

/** A list of pieces, or their ids by piece; the tokenizer has read it. */
const vocabularyOf = ({ model }: TokenizerJson) =>
  model.vocab as readonly [string, number][] | Readonly<Record<string, number>>;

function idsOf(json: TokenizerJson): number[] {
  const vocabulary = vocabularyOf(json);
  const ids = Array.isArray(vocabulary) ? [...vocabulary.keys()] : Object.values(vocabulary);
  return [...ids, ...json.added_tokens.map(({ id }) => id)];
}

/** Pieces by id, with spaces for the sign that stands for one in SentencePiece's vocabularies. */
function textsOf(json: TokenizerJson): (string | undefined)[] {
  const vocabulary = vocabularyOf(json);
  const pieces: (string | undefined)[] = [];
  if (Array.isArray(vocabulary)) for (const [id, [piece]] of vocabulary.entries()) pieces[id] = piece;
  else for (const [piece, id] of Object.entries(vocabulary)) pieces[id] = piece;
  for (const { id, content, special } of json.added_tokens) {
    pieces[id] = special && !BYTE.test(content) ? undefined : content;
  }
  const known = new Set(pieces);
  return Array.from(pieces, (piece) => {
    const text = piece?.startsWith("<0x") ? textOfByte(piece, known) : piece;
    return text?.replaceAll("▁", " ");
  });
}

/** A vocabulary writes the characters that it lacks with their bytes in UTF-8. Those of ASCII are a byte each. */
function textOfByte(piece: string, known: ReadonlySet<string | undefined>): string | undefined {
  const digits = BYTE.exec(piece)?.[1];
  if (digits === undefined) return piece;
  const character = String.fromCharCode(Number.parseInt(digits, 16));
  const written = character === " " ? "▁" : character;
  return character < "\x80" && !known.has(written) ? character : undefined;
}

/** `RegExp.escape`, which Node 20 lacks. */
const escapeRegex = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

async function readConfig(path: string): Promise<Config> {
  const text = await readFile(path, "utf8").catch(() => "{}"); // names of special tokens then are Gemma's
  return checkJson(path, parseJson(path, text), configSchema);
}

function construct(path: string, json: object, config: Config): HuggingFaceTokenizer {
  try {
    return new HuggingFaceTokenizer(json, config);
  } catch (cause) {
    throw new InputError(`${path}: is no tokenizer: ${(cause as Error).message}`, { cause });
  }
}
