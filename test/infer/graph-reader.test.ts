import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { type GraphReader, graphReader } from "../../src/infer/graph-reader.ts";
import { loraNames, viewAdapter } from "../../src/model/lora.ts";
import { answerGolden, goldenPrompts, greedyAnswers } from "../support/golden-answers.ts";
import { GOLDENS, type Golden, greedyIds, loadGolden } from "../support/goldens.ts";
import { mergeAdapter } from "../support/merge-adapter.ts";

const tokensOf = async (answers: ReturnType<typeof answerGolden>) => (await answers).map(([best]) => best!.tokens);

describe.each(GOLDENS)("greedy answers of %s", (name) => {
  let golden: Golden;
  let graphs: GraphReader;
  beforeAll(async () => {
    golden = await loadGolden(name);
    graphs = graphReader(ortEngine(), golden.model);
  });
  afterAll(() => graphs.release());

  test.each([0, 1, 2])("row %i alone: the ids of transformers", async (row) => {
    expect(await tokensOf(answerGolden(graphs.with({}), golden, { rows: [row] }))).toEqual([greedyIds(golden, row)]);
  });

  test("do not depend on batch, order or padding", async () => {
    const expected = (rows: readonly number[]) => rows.map((row) => greedyIds(golden, row));
    for (const rows of [
      [0, 1, 2],
      [2, 0],
      [1, 1, 2, 0, 1],
    ]) {
      expect(await tokensOf(answerGolden(graphs.with({}), golden, { rows, padding: rows.length }))).toEqual(
        expected(rows),
      );
    }
  });

  test("are at most as long as asked for", async () => {
    const answers = answerGolden(graphs.with({}), golden, { rows: [0], maxTokens: 3 });
    expect(await tokensOf(answers)).toEqual([greedyIds(golden, 0).slice(0, 3)]);
  });
});

test("a row that goes on twice, and in another order, gives the logits of each way alone", async () => {
  const golden = await loadGolden("wide");
  const graphs = graphReader(ortEngine(), golden.model);
  const reader = graphs.with({});
  const vocabulary = golden.model.config.text.vocabSize;
  const alone = async (row: number, tokens: readonly number[]) => {
    const reading = await reader.read(await goldenPrompts(golden, [row], reader), 8);
    for (const token of tokens) await reading.next([0], [token]);
    return reading.logits;
  };
  const reading = await reader.read(await goldenPrompts(golden, [0, 1, 2], reader), 8);
  await reading.next([2, 0, 2, 2, 0], [5, 6, 7, 8, 9]);
  await reading.next([4, 0, 3], [10, 11, 12]);
  await reading.next([1], [13]);
  expect(reading.logits).toHaveLength(vocabulary);
  expect(largestDifference(reading.logits, await alone(2, [5, 11, 13]))).toBeLessThan(1e-5);

  const wider = await reader.read(await goldenPrompts(golden, [0, 1], reader), 8);
  await wider.next([1, 1, 0], [3, 4, 5]);
  const rows = [0, 1, 2].map((i) => wider.logits.subarray(i * vocabulary, (i + 1) * vocabulary));
  expect(largestDifference(rows[1]!, await alone(1, [4]))).toBeLessThan(1e-5);
  expect(largestDifference(rows[2]!, await alone(0, [5]))).toBeLessThan(1e-5);
  await graphs.release();
});

test("an adapter is read with the model, in the image tower too", async () => {
  const golden = await loadGolden("tiny");
  const { model, lora, adapter } = golden;
  const graphs = graphReader(ortEngine(), model, lora);
  const adapted = graphs.with(viewAdapter(adapter));
  const merged = { ...golden, model: { ...model, weights: mergeAdapter(model.weights, adapter, lora.scale) } };
  expect(await tokensOf(answerGolden(adapted, golden, {}))).toEqual(await greedyAnswers(ortEngine(), merged));
  const zero = Object.fromEntries(
    Object.entries(viewAdapter(adapter)).map(([name, matrix]) => [
      name,
      name === loraNames(lora.modules[0]!.path).b ? { ...matrix, data: matrix.data.map(() => 0) } : matrix,
    ]),
  );
  const [image] = [golden.batch.pixels.subarray(0, golden.batch.pixels.length / 3)];
  expect(await graphs.with(zero).look([image!])).not.toEqual(await adapted.look([image!]));
  await graphs.release();
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
