import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTokenizer, type Tokenizer } from "../../src/data/tokenizer.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";

const checkpoint = (name: string) => join(PACKAGE_ROOT, "checkpoints", name);
const spell = ({ texts, encode }: Tokenizer, text: string) => encode(text).map((id) => texts[id]);

test("each token has the text that it adds to an answer, with a space for the sign of one", async () => {
  const nano = await loadTokenizer(checkpoint("nano"));
  expect(spell(nano, "1.5 cubic foot")).toEqual(["1", ".", "5", " cubic", " foot"]);
  const tiny = await loadTokenizer(checkpoint("tiny"));
  expect(spell(tiny, "36 cubic foot")).toEqual(["3", "6", " cubic foot"]);
  expect(nano.texts).toBe(nano.texts);
});

test("special tokens have no text", async () => {
  for (const name of ["nano", "tiny"]) {
    const tokenizer = await loadTokenizer(checkpoint(name));
    const ids = [tokenizer.padId, tokenizer.bosId, tokenizer.eosId, ...tokenizer.encode("<image>")];
    expect(ids.map((id) => tokenizer.texts[id])).toEqual([undefined, undefined, undefined, undefined]);
  }
});

test("a byte is the text of a character that the vocabulary lacks, where one byte is all of it", async () => {
  const tiny = await loadTokenizer(checkpoint("tiny"));
  expect(spell(tiny, "1.5 yard")).toEqual(["1", ".", "5", " ", "y", "a", "r", "d"]);
  expect(spell(tiny, "é")).toEqual([undefined, undefined]);
  const json = JSON.parse(await readFile(join(checkpoint("tiny"), "tokenizer.json"), "utf8"));
  expect(tiny.texts[json.model.vocab["<0x31>"]], "1 has a token").toBeUndefined();
  expect(tiny.texts[json.model.vocab["<0x20>"]], "a space has a token").toBeUndefined();
});

/** A copy of a checkpoint's tokenizer with settings of its own. */
async function tokenizerWith(name: string, settings: object): Promise<Tokenizer> {
  const folder = await mkdtemp(join(tmpdir(), "amlc-tokenizer-"));
  await cp(join(checkpoint(name), "tokenizer.json"), join(folder, "tokenizer.json"));
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(settings));
  return loadTokenizer(folder);
}

test("spaces before signs stay, unless the settings of a vocabulary without merges say otherwise, as in transformers", async () => {
  const text = "1.5 . 2 , it 's";
  const decoded = async (name: string, settings: object) => {
    const { encode, decode } = await tokenizerWith(name, settings);
    return decode(encode(text));
  };
  for (const name of ["nano", "tiny"]) {
    expect(await decoded(name, {})).toBe(text);
    expect(await decoded(name, { clean_up_tokenization_spaces: null })).toBe(text);
    expect(await decoded(name, { clean_up_tokenization_spaces: false })).toBe(text);
  }
  expect(await decoded("nano", { clean_up_tokenization_spaces: true })).toBe("1.5. 2, it's");
  expect(await decoded("tiny", { clean_up_tokenization_spaces: true })).toBe(text);
});

test("added tokens that are not special have their text", async () => {
  const folder = await mkdtemp(join(tmpdir(), "amlc-tokenizer-"));
  await cp(checkpoint("nano"), folder, { recursive: true, filter: (path) => !path.endsWith(".safetensors") });
  const path = join(folder, "tokenizer.json");
  const json = JSON.parse(await readFile(path, "utf8"));
  const id = json.model.vocab.length;
  json.added_tokens.push({ ...json.added_tokens[0], id, content: "▁gross", special: false });
  await writeFile(path, JSON.stringify(json));
  const { texts } = await loadTokenizer(folder);
  expect(texts[id]).toBe(" gross");
  expect(texts).toHaveLength(id + 1);
});

test("the largest id is that of the vocabulary or of an added token, but for the one that is left out", async () => {
  for (const [name, largest] of [
    ["nano", 155],
    ["tiny", 1592],
  ] as const) {
    const tokenizer = await loadTokenizer(checkpoint(name));
    expect(tokenizer.largestId(-1)).toBe(largest);
    expect(tokenizer.largestId(largest)).toBe(largest - 1);
  }
});
