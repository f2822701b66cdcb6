import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { parseAnswer } from "../../src/challenge/answer.ts";
import { ENTITIES, type Entity, UNITS } from "../../src/challenge/entities.ts";
import { readTable } from "../../src/data/table.ts";
import { loadTokenizer, type Tokenizer } from "../../src/data/tokenizer.ts";
import { answerGrammars, type Grammar } from "../../src/infer/answer-grammar.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";

const EOS = 0;
const LETTERS = [..."0123456789. abcdefghijklmnopqrstuvwxyz"];
const entity = fc.constantFrom(...ENTITIES);

/** A vocabulary of single characters and some longer pieces, of answers and of nonsense. */
const vocabulary = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "kilo",
        " kilo",
        "gram",
        " g",
        "ra",
        "m",
        " cubic",
        " cubic foot",
        "ic f",
        "5",
        "12.",
        "0 ",
        ".0 ",
        " fl",
      ),
      fc.stringMatching(/^[0-9. a-z]{1,4}$/),
      fc.constantFrom("Gram", "<", "µ", "-"),
    ),
    { maxLength: 20 },
  )
  .map((pieces) => [undefined, ...LETTERS, ...new Set(pieces.filter((piece) => piece.length > 1))]);

/** Writes an answer by choosing among what is allowed, as `choices` say. */
function write(
  grammar: Grammar,
  texts: readonly (string | undefined)[],
  choices: readonly number[],
  maxTokens: number,
) {
  let [text, state] = ["", grammar.start];
  for (let left = maxTokens + 1; ; left--) {
    const allowed = grammar.allowed(state, left);
    expect(allowed.length, `after "${text}" with ${left} left`).toBeGreaterThan(0);
    const token = allowed[(choices[left % choices.length] ?? 0) % allowed.length]!;
    if (token === EOS) return text;
    text += texts[token];
    state = grammar.next(state, token);
  }
}

test("whatever is chosen, the answer is a number and a unit of the entity, and ends in time", () => {
  fc.assert(
    fc.property(vocabulary, entity, fc.array(fc.nat(), { minLength: 1 }), fc.nat(30), (texts, name, choices, spare) => {
      const maxTokens = 20 + spare;
      const grammar = answerGrammars({ texts, eosId: EOS }, "units", maxTokens)(name);
      const answer = parseAnswer(write(grammar, texts, choices, maxTokens));
      expect(UNITS[name] as readonly string[]).toContain(answer!.unit);
    }),
  );
});

test("with little room the shortest answer is what is left", () => {
  const texts = [undefined, ...LETTERS];
  const grammarOf = answerGrammars({ texts, eosId: EOS }, "units", 6);
  expect(write(grammarOf("wattage"), texts, [7, 3, 1], 6)).toMatch(/^\d watt$/);
  expect(() => answerGrammars({ texts, eosId: EOS }, "units", 5)("wattage")).toThrow(
    "eval.max_new_tokens: the shortest answer in kilowatt, watt has 6 tokens, 5 may be written",
  );
});

test("format takes a unit of any entity", () => {
  const texts = [undefined, "1", " ", " volt", " gram", ...LETTERS];
  const ids = (constrain: "format" | "units") => {
    const grammar = answerGrammars({ texts, eosId: EOS }, constrain, 20)("voltage");
    return grammar.allowed(grammar.next(grammar.start, 1), 20);
  };
  expect([...ids("format")]).toEqual(expect.arrayContaining([3, 4]));
  expect([...ids("units")]).toContain(3);
  expect([...ids("units")]).not.toContain(4);
});

test("a vocabulary that cannot spell a unit is refused", () => {
  const texts = [undefined, ...LETTERS.filter((letter) => letter !== "k")];
  expect(() => answerGrammars({ texts, eosId: EOS }, "units", 20)("wattage")).toThrow(
    "decode.constrain: tokenizer.json has no tokens that spell kilowatt",
  );
});

describe("the nano vocabulary", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(join(PACKAGE_ROOT, "checkpoints", "nano"));
  });

  test("every label of the nano tables may be written, in the tokens that it is trained with", async () => {
    const grammarOf = answerGrammars(tokenizer, "units", 40);
    const labels = new Map<string, Entity>();
    for (const file of ["train-13500.csv.gz", "val.csv"]) {
      const table = await readTable(join(PACKAGE_ROOT, "data", "nano", file));
      const entities = table.column("entity_name") as Entity[];
      table.column("entity_value").forEach((label, row) => void labels.set(label, entities[row]!));
    }
    for (const [label, name] of labels) {
      const grammar = grammarOf(name);
      let state = grammar.start;
      [...tokenizer.encode(label), tokenizer.eosId].forEach((token, i) => {
        expect([...grammar.allowed(state, 41 - i)], `${label}, token ${i}`).toContain(token);
        state = grammar.next(state, token);
      });
    }
    expect(labels.size).toBeGreaterThan(1000);
  });
});
