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
