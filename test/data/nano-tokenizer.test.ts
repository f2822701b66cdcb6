import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { expect, test } from "vitest";
import { UNITS } from "../../src/challenge/entities.ts";
import { labelTokenizer } from "../support/label-tokenizer.ts";

const NANO = join(import.meta.dirname, "..", "..", "checkpoints", "nano", "tokenizer.json");
const tokenizer = new Tokenizer(labelTokenizer(), {});
const tokensOf = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).tokens;

test("the nano base's follows from the challenge's entities and units", () => {
  expect(JSON.parse(readFileSync(NANO, "utf8"))).toEqual(labelTokenizer());
});

test("a value is its digits and the words of its unit", () => {
  expect(tokensOf("34.5 gram")).toEqual(["3", "4", ".", "5", "▁gram"]);
  expect(tokensOf("2 fluid ounce")).toEqual(["2", "▁fluid", "▁ounce"]);
  const words = Object.values(UNITS)
    .flat()
    .flatMap((unit) => unit.split(" "));
  for (const word of words) expect(tokensOf(`1 ${word}`), word).toEqual(["1", `▁${word}`]);
});

test("a prompt is its words; the rest of the text is letters", () => {
  expect(tokensOf("answer en What is the item weight?\n")).toEqual([
    ...["answer", "▁en", "▁What", "▁is", "▁the", "▁item", "▁weight", "?", "\n"],
  ]);
  expect(tokensOf("after Net Wt.")).toEqual(["after", ..."▁Net▁Wt."]);
});

test("what is read back is what was written, but for letters that are no token", () => {
  const decode = (text: string) => tokenizer.decode(tokenizer.encode(text, { add_special_tokens: false }).ids, {});
  for (const text of ['NET WT 34g\n5.5" ½ µg', "1.5 cubic inch", "grams  in two"]) expect(decode(text)).toBe(text);
  expect(decode("5 中g")).toBe("5 <unk>g");
});
