import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAnswer } from "../../src/challenge/answer.ts";
import { ENTITIES, type Entity, UNITS } from "../../src/challenge/entities.ts";
import { readTable } from "../../src/data/table.ts";
import { loadTokenizer, type Tokenizer } from "../../src/data/tokenizer.ts";
import { answerGrammars, type Grammar } from "../../src/infer/answer-grammar.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";

type Texts = Tokenizer["texts"];

const EOS = 0;
const CHARACTERS = [..."0123456789. abcdefghijklmnopqrstuvwxyz"];
const LETTERS: Texts = [undefined, ...CHARACTERS];
const entity = fc.constantFrom(...ENTITIES);
const choices = fc.array(fc.nat(), { minLength: 1 });

const PIECES = [
  ...[
    "kilo",
    " kilo",
    "gram",
    " g",
    "ra",
    "m",
    " cubic",
    " cubic foot",
    "ic f",
    " fl",
    "000",
    "12.",
    "0 ",
    ".0 ",
    "5 kilo",
  ],
  ...["", "  ", "Gram", "<", "µ", "-"],
];

/** A vocabulary of single characters and some longer pieces, of answers and of nonsense, in any order behind `<eos>`. */
const vocabulary: fc.Arbitrary<Texts> = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.stringMatching(/^[0-9. a-z]{1,4}$/)), { maxLength: 20 })
  .chain((pieces) => fc.shuffledSubarray([...CHARACTERS, ...pieces], { minLength: CHARACTERS.length + pieces.length }))
  .map((texts) => [undefined, ...texts]);

/** Writes an answer by choosing among what is allowed, as `chosen` says. */
function write(grammar: Grammar, texts: Texts, chosen: readonly number[], maxTokens: number): string {
  let [text, state] = ["", grammar.start];
  for (let left = maxTokens + 1; ; left--) {
    const allowed = grammar.allowed(state, left);
    if (allowed.length === 0) throw new Error(`no way on from "${text}" with ${left} left`);
    const token = allowed[chosen[left % chosen.length] % allowed.length];
    if (token === EOS) return text;
    text += texts[token];
    state = grammar.next(state, token);
  }
}

test("whatever is chosen, the answer is a number and a unit of the entity, and ends in time", () => {
  const spare = fc.oneof(fc.nat(20), fc.nat(400));
  fc.assert(
    fc.property(vocabulary, entity, choices, spare, (texts, name, chosen, more) => {
      const maxTokens = 2 + Math.min(...UNITS[name].map((unit) => unit.length)) + more;
      const grammar = answerGrammars({ texts, eosId: EOS }, "units", maxTokens)(name);
      const answer = parseAnswer(write(grammar, texts, chosen, maxTokens));
      expect(UNITS[name] as readonly string[]).toContain(answer!.unit);
    }),
  );
});

test("what is allowed is all that leads to an answer, in the order of ids", () => {
  const isBeginning = /^(\d+(\.\d*)?)?$|^\d+(\.\d+)? (k?|ki|kil|kilo|(kilo)?(w|wa|wat|watt))$/;
  const isAnswer = /^\d+(\.\d+)? (kilo)?watt$/;
  fc.assert(
    fc.property(vocabulary, fc.array(fc.nat(), { maxLength: 12 }), (texts, chosen) => {
      const grammar = answerGrammars({ texts, eosId: EOS }, "units", 60)("wattage");
      let [text, state] = ["", grammar.start];
      for (const choice of [...chosen, 0]) {
        const allowed = grammar.allowed(state, 60);
        const wanted = texts.flatMap((more, id) => (more && isBeginning.test(text + more) ? [id] : []));
        expect([...allowed], text).toEqual(isAnswer.test(text) ? [EOS, ...wanted] : wanted);
        const token = allowed[choice % allowed.length];
        if (token === EOS) return;
        text += texts[token];
        state = grammar.next(state, token);
      }
    }),
  );
});

test("with little room the shortest answer is what is left, and with less none", () => {
  const grammars = (maxTokens: number) => answerGrammars({ texts: LETTERS, eosId: EOS }, "units", maxTokens);
  expect(write(grammars(6)("wattage"), LETTERS, [7, 3, 1], 6)).toMatch(/^\d watt$/);
  expect(() => grammars(5)("wattage")).toThrow(
    "eval.max_new_tokens: the shortest answer in kilowatt, watt has 6 tokens, 5 may be written",
  );
});

test("a number that would go on for ever is one of float64", () => {
  const texts: Texts = [undefined, "0".repeat(20), "9".repeat(20), ...CHARACTERS];
  const grammar = answerGrammars({ texts, eosId: EOS }, "units", 4096)("voltage");
  const digits = { ...grammar, allowed: (state: number, left: number) => grammar.allowed(state, left).slice(0, 9) };
  const { number } = parseAnswer(write(digits, texts, [1, 5, 8], 4096))!;
  expect(number).toBeGreaterThan(1e20);
});

test("an answer ends where a whole unit stands; units that begin alike share the beginning", () => {
  const texts: Texts = [undefined, "1 cu", "p", "bic ", "inch", "foot", ...CHARACTERS];
  const grammar = answerGrammars({ texts, eosId: EOS }, "units", 20)("item_volume");
  const behind = (ids: readonly number[]) => {
    return [...grammar.allowed(ids.reduce(grammar.next, grammar.start), 20)].map((id) => texts[id]);
  };
  expect(behind([1])).toEqual(["p", "bic ", "b", "p"]);
  expect(behind([1, 2])).toEqual([undefined]);
  expect(behind([1, 3])).toEqual(["inch", "foot", "f", "i"]);
  expect(behind([1, 3, 5])).toEqual([undefined]);
});

test("format takes a unit of any entity, units those of the entity alone", () => {
  const texts: Texts = [undefined, "1", " volt", " gram", ...CHARACTERS];
  const allowed = (constrain: "format" | "units") => {
    const grammar = answerGrammars({ texts, eosId: EOS }, constrain, 20)("voltage");
    return [...grammar.allowed(grammar.next(grammar.start, 1), 20)];
  };
  expect(allowed("format")).toEqual(expect.arrayContaining([2, 3]));
  expect(allowed("units")).toContain(2);
  expect(allowed("units")).not.toContain(3);
});

test("a grammar is made once for all entities with the same units", () => {
  const units = answerGrammars({ texts: LETTERS, eosId: EOS }, "units", 40);
  expect(units("width")).toBe(units("height"));
  expect(units("width")).not.toBe(units("voltage"));
  const format = answerGrammars({ texts: LETTERS, eosId: EOS }, "format", 40);
  expect(format("width")).toBe(format("voltage"));
});

test("a vocabulary that cannot spell a unit is refused", () => {
  const texts: Texts = [undefined, ...CHARACTERS.filter((letter) => letter !== "k")];
  expect(() => answerGrammars({ texts, eosId: EOS }, "units", 20)("wattage")).toThrow(
    "decode.constrain: tokenizer.json has no tokens that spell kilowatt",
  );
});

describe("every label of the nano tables may be written, in the tokens that it is trained with", async () => {
  const labels = await readLabels();

  test.each([
    ["nano", join("checkpoints", "nano")],
    ["tiny", join("checkpoints", "tiny")],
    ["Gemma's own", join("node_modules", "@lenml", "tokenizer-gemma", "models")],
  ])("%s vocabulary", async (_, folder) => {
    const tokenizer = await loadTokenizer(join(PACKAGE_ROOT, folder));
    const longest = 40;
    const grammarOf = answerGrammars(tokenizer, "units", longest);
    for (const [label, name] of labels) {
      const grammar = grammarOf(name);
      let state = grammar.start;
      for (const [i, token] of [...tokenizer.encode(label), tokenizer.eosId].entries()) {
        if (!grammar.allowed(state, longest + 1 - i).includes(token)) expect.fail(`${label}: token ${i} may not come`);
        state = grammar.next(state, token);
      }
    }
  });

  test("there are many", () => expect(labels.size).toBeGreaterThan(3000));
});

/** Distinct labels, each with an entity of it. */
async function readLabels(): Promise<ReadonlyMap<string, Entity>> {
  const labels = new Map<string, Entity>();
  for (const file of ["train-13500.csv.gz", "train-6500.csv.gz", "train-2500.csv.gz", "val.csv"]) {
    const table = await readTable(join(PACKAGE_ROOT, "data", "nano", file));
    const entities = table.column("entity_name") as Entity[];
    table.column("entity_value").forEach((label, row) => void labels.set(label, entities[row]));
  }
  return labels;
}
