import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Grammar } from "../../src/infer/answer-grammar.ts";
import type { Reading } from "../../src/infer/reader.ts";
import { searchAnswers } from "../../src/infer/search.ts";
import { InputError } from "../../src/util/errors.ts";

const EOS = 0;
const VOCABULARY = 4;

/** Logits of what follows a text, by row and tokens: a model that is a table. */
type Model = (row: number, tokens: readonly number[]) => readonly number[];

/** Reads rows with a table; `widths` takes how many rows each step had. */
function tableReading(model: Model, rows: number, widths: number[] = []): Reading {
  let texts = Array.from({ length: rows }, (_, row) => ({ row, tokens: [] as number[] }));
  const logitsOf = () => Float32Array.from(texts.flatMap(({ row, tokens }) => model(row, tokens)));
  let logits = logitsOf();
  return {
    get logits() {
      return logits;
    },
    async next(sources, tokens) {
      widths.push(sources.length);
      texts = sources.map((source, i) => ({
        row: texts[source]!.row,
        tokens: [...texts[source]!.tokens, tokens[i]!],
      }));
      logits = logitsOf();
    },
  };
}

/** A table of random logits. */
const randomModel =
  (seed: number): Model =>
  (row, tokens) =>
    Array.from({ length: VOCABULARY }, (_, token) => {
      const x = Math.sin([seed, row, ...tokens, token].reduce((sum, value) => sum * 7.3 + value + 1, 0)) * 1e4;
      return 4 * (x - Math.floor(x));
    });

/** Every answer to a row with its log-probability, best first. */
function allAnswers(model: Model, row: number, maxTokens: number) {
  const found: { tokens: number[]; logProbability: number }[] = [];
  const walk = (tokens: number[], logProbability: number) => {
    if (tokens.length === maxTokens) return void found.push({ tokens, logProbability });
    const logits = model(row, tokens);
    const total = Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0));
    logits.forEach((z, token) => {
      if (token === EOS) found.push({ tokens, logProbability: logProbability + z - total });
      else walk([...tokens, token], logProbability + z - total);
    });
  };
  walk([], 0);
  return found.sort((a, b) => b.logProbability - a.logProbability);
}

const options = { eosId: EOS, maxTokens: 3, width: 1 };

test("with a width of 1 each token is the likeliest, up to <eos> or the longest answer", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1e6), async (seed) => {
      const model = randomModel(seed);
      const found = await searchAnswers(tableReading(model, 2), 2, options);
      for (const row of [0, 1]) {
        const tokens: number[] = [];
        while (tokens.length < 3) {
          const logits = model(row, tokens).map(Math.fround);
          const best = logits.indexOf(Math.max(...logits));
          if (best === EOS) break;
          tokens.push(best);
        }
        expect(found[row]!.map((answer) => answer.tokens)).toEqual([tokens]);
      }
    }),
  );
});

test("a wide enough beam finds the likeliest answers of all, in order, with their probabilities", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1e6), async (seed) => {
      const model = randomModel(seed);
      const [found] = await searchAnswers(tableReading(model, 1), 1, { ...options, width: 40 });
      const best = allAnswers(model, 0, 3).slice(0, 40);
      expect(found!.map(({ tokens }) => tokens)).toEqual(best.map(({ tokens }) => tokens));
      found!.forEach(({ logProbability }, i) => void expect(logProbability).toBeCloseTo(best[i]!.logProbability, 4));
    }),
    { numRuns: 30 },
  );
});

test("a row's answers do not depend on the rows beside it", async () => {
  const model = randomModel(5);
  const together = await searchAnswers(tableReading(model, 3), 3, { ...options, width: 3 });
  for (const row of [0, 1, 2]) {
    const alone = tableReading((_, tokens) => model(row, tokens), 1);
    expect(await searchAnswers(alone, 1, { ...options, width: 3 })).toEqual([together[row]]);
  }
});

test.each([
  ["NaN", [0, Number.NaN, 0, 0]],
  ["+∞", [0, Number.POSITIVE_INFINITY, 0, 0]],
  ["all −∞", Array(VOCABULARY).fill(Number.NEGATIVE_INFINITY)],
])("logits that are no numbers are told, and make no answer: %s", async (_, logits: number[]) => {
  const model: Model = (row, tokens) => (row === 1 && tokens.length === 1 ? logits : [0, 9, 0, 0]);
  const found = searchAnswers(tableReading(model, 2), 2, options);
  await expect(found).rejects.toThrow(InputError);
  await expect(found).rejects.toMatchObject({
    message: "the model's logits are not finite numbers",
    hint: expect.stringContaining("engine.weights=fp32"),
  });
});

test("a token that cannot be, with a logit of −∞, makes no fault", async () => {
  const model: Model = () => [9, Number.NEGATIVE_INFINITY, 0, 0];
  const [found] = await searchAnswers(tableReading(model, 1), 1, options);
  expect(found![0]!.tokens).toEqual([]);
});

test("rows that have ended are not read on", async () => {
  const lengths = [0, 2, 1];
  const widths: number[] = [];
  const model: Model = (row, tokens) => (tokens.length === lengths[row] ? [9, 0, 0, 0] : [0, 9, 0, 0]);
  const found = await searchAnswers(tableReading(model, 3, widths), 3, options);
  expect(found.map(([best]) => best!.tokens.length)).toEqual(lengths);
  expect(widths).toEqual([2, 1]);
});

describe("with a grammar", () => {
  /** Twos, and then <eos> once there are two of them. */
  const twos: Grammar = {
    start: 0,
    allowed: (state, left) => Int32Array.from(state < 2 ? [2] : left === 1 ? [EOS] : [EOS, 2]),
    next: (state) => state + 1,
  };

  test("a row's answer has the form that the grammar of the row allows", async () => {
    const model = randomModel(3);
    const grammarOf = (row: number) => (row === 0 ? twos : { ...twos, allowed: () => Int32Array.of(EOS) });
    const found = await searchAnswers(tableReading(model, 2), 2, { ...options, maxTokens: 6, grammarOf });
    expect(found[0]![0]!.tokens.length).toBeGreaterThanOrEqual(2);
    expect(new Set(found[0]![0]!.tokens)).toEqual(new Set([2]));
    expect(found[1]!.map(({ tokens }) => tokens)).toEqual([[]]);
  });

  test("it is told how many tokens may still come, <eos> among them, and the answer ends in time", async () => {
    const model: Model = () => [0, 0, 9, 0];
    const found = await searchAnswers(tableReading(model, 1), 1, { ...options, maxTokens: 4, grammarOf: () => twos });
    expect(found[0]![0]!.tokens).toEqual([2, 2, 2, 2]);
  });

  test("probabilities are those of the whole vocabulary", async () => {
    const model: Model = () => [0, 0, 0, 0];
    const [found] = await searchAnswers(tableReading(model, 1), 1, {
      ...{ ...options, maxTokens: 2 },
      grammarOf: () => twos,
    });
    expect(found![0]!.logProbability).toBeCloseTo(3 * Math.log(1 / 4), 6);
  });
});
