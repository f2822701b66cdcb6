import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Entity } from "../../src/challenge/entities.ts";
import { fillPrompt } from "../../src/data/prompt.ts";
import type { Sample } from "../../src/data/samples.ts";
import { readTable } from "../../src/data/table.ts";
import { encodePrompt, tokenizeSamples } from "../../src/data/tokenize.ts";
import { loadTokenizer, type Tokenizer } from "../../src/data/tokenizer.ts";
import { InputError } from "../../src/util/errors.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const TINY = join(ROOT, "checkpoints", "tiny");
const GEMMA = join(ROOT, "node_modules", "@lenml", "tokenizer-gemma", "models");
const GOLDENS = join(ROOT, "test", "goldens");
const PROMPT = "answer en What is the {entity}?";

const SIZE = { width: 1, height: 1 };

const json = async (path: string) => JSON.parse(await readFile(path, "utf8"));
const sample = (value: string, line = 2, entity: Entity = "item_weight"): Sample => {
  return { index: 0, line, imageLink: "", imagePath: "", imageSize: SIZE, groupId: "", entity, value, prompt: "" };
};

let tiny: Tokenizer;
beforeAll(async () => {
  tiny = await loadTokenizer(TINY);
});

test("rows become the ids and labels that PaliGemma's processor gives", async () => {
  const golden = await json(join(GOLDENS, "training", "training.json"));
  const table = await readTable(join(GOLDENS, "training", "train.csv"));
  const entities = table.column("entity_name");
  const samples = table
    .column("entity_value")
    .map((value, row) => sample(value, table.lineOf(row), entities[row] as Entity));
  const { samples: tokenized, bad } = tokenizeSamples(samples, { tokenizer: tiny, prompt: PROMPT, maxTokens: 100 });
  expect(bad).toEqual([]);
  const image = Array(golden.n_image_tokens).fill(golden.image_token);
  expect(tokenized.map(({ prefix, suffix }) => [...image, ...prefix, ...suffix])).toEqual(golden.ids);
  const labels = tokenized.map(({ prefix, suffix }) => [...[...image, ...prefix].map(() => -100), ...suffix]);
  expect(labels).toEqual(golden.labels);
  expect(tokenized.map(({ suffix }) => tiny.decode(suffix))).toEqual(samples.map(({ value }) => value));
});

test("Gemma's own vocabulary gives the ids of 79 texts, and the texts back", async () => {
  const gemma = await loadTokenizer(GEMMA);
  const texts: { text: string; ids: number[] }[] = await json(join(GOLDENS, "tokens.json"));
  expect(texts.map(({ text }) => gemma.encode(text))).toEqual(texts.map(({ ids }) => ids));
  expect(texts.map(({ ids }) => gemma.decode(ids))).toEqual(texts.map(({ text }) => text.trim()));
  expect([gemma.padId, gemma.eosId, gemma.bosId]).toEqual([0, 1, 2]);
});

test("decoding ends before the first end of sequence and leaves special tokens out", () => {
  const ids = tiny.encode("34 gram");
  expect(tiny.decode([...ids, tiny.eosId, ...ids])).toBe("34 gram");
  expect(tiny.decode([tiny.bosId, ...ids, tiny.padId])).toBe("34 gram");
  expect(tiny.decode(Int32Array.from(ids))).toBe("34 gram");
  expect(tiny.decode([tiny.eosId])).toBe("");
  expect(tiny.decode([])).toBe("");
});

test("a value that spells out a special token, or is too long, is a bad row and no token", () => {
  const values = ["34 gram", "<image> 5 gram", "5<eos>", "<bos>", "5 < 6 gram", "9 ".repeat(60)];
  const samples = values.map((value, i) => sample(value, i + 2));
  const { samples: good, bad } = tokenizeSamples(samples, { tokenizer: tiny, prompt: PROMPT, maxTokens: 50 });
  expect(good.map(({ value }) => value)).toEqual(["34 gram", "5 < 6 gram"]);
  expect(bad).toEqual([
    { line: 3, reason: "entity_value spells out the token <image>" },
    { line: 4, reason: "entity_value spells out the token <eos>" },
    { line: 5, reason: "entity_value spells out the token <bos>" },
    { line: 7, reason: expect.stringMatching(/make \d+ tokens, 50 are the most/) },
  ]);
});

test("an empty value is an answer of one token, the end", () => {
  const { samples } = tokenizeSamples([sample("")], { tokenizer: tiny, prompt: PROMPT, maxTokens: 50 });
  expect(samples[0].suffix).toEqual([tiny.eosId]);
});

test("a row's own prompt is asked word for word", () => {
  const own = { ...sample("34 g"), prompt: "after NET WT {entity}" };
  const options = { tokenizer: tiny, prompt: PROMPT, maxTokens: 50 };
  const { samples } = tokenizeSamples([own, sample("34 gram")], options);
  expect(samples.map(({ prefix }) => tiny.decode(prefix.slice(1)).trim())).toEqual([
    "after NET WT {entity}",
    "answer en What is the item weight?",
  ]);
  const hostile = { ...own, prompt: "ocr <eos>" };
  expect(tokenizeSamples([hostile], options).bad).toEqual([{ line: 2, reason: "prompt spells out the token <eos>" }]);
});

test("the prompt names the entity with spaces; other placeholders and special tokens are refused", () => {
  expect(fillPrompt(PROMPT, "maximum_weight_recommendation")).toBe(
    "answer en What is the maximum weight recommendation?",
  );
  expect(fillPrompt("{entity}: {entity}", "$&")).toBe("$&: $&");
  expect(() => fillPrompt("the {entitty}", "width")).toThrow(/\{entitty\} in .* is no placeholder/);
  expect(() => fillPrompt("the {entity} {", "width")).toThrow(InputError);
  expect(() => encodePrompt(tiny, "<image> width")).toThrow(/spells out the token <image>/);
});

test("a tokenizer that is missing, broken or lacks a special token is refused by name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "amlc-tokenizer-"));
  const path = join(folder, "tokenizer.json");
  await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer\.json: no such file/);
  await writeFile(path, "{");
  await expect(loadTokenizer(folder)).rejects.toThrow(/is not JSON/);
  await writeFile(path, '{"model":{}}');
  await expect(loadTokenizer(folder)).rejects.toThrow(/added_tokens/);
  await writeFile(path, '{"model":{"type":"none"},"added_tokens":[]}');
  await expect(loadTokenizer(folder)).rejects.toThrow(InputError);
  await cp(join(TINY, "tokenizer.json"), path);
  await writeFile(join(folder, "tokenizer_config.json"), '{"eos_token":{"content":"<end>"}}');
  await expect(loadTokenizer(folder)).rejects.toThrow(/has no token <end>/);
});
