import type { Engine } from "../../src/engine/engine.ts";
import { graphReader } from "../../src/infer/graph-reader.ts";
import type { Prompt, Reader } from "../../src/infer/reader.ts";
import { type Found, type SearchOptions, searchAnswers } from "../../src/infer/search.ts";
import type { Golden } from "./goldens.ts";

/** Prompts of a golden's rows, without their answers, `padding` places longer than the longest. */
export async function goldenPrompts(
  { batch: { pixels, tokens, prefixLengths } }: Golden,
  rows: readonly number[],
  reader: Reader,
  padding = 0,
): Promise<Prompt[]> {
  const all = prefixLengths.length;
  const [p, t] = [pixels.length / all, tokens.length / all];
  const width = Math.max(...rows.map((row) => prefixLengths[row]!)) + padding;
  const features = await reader.look(rows.map((row) => pixels.subarray(row * p, (row + 1) * p)));
  return rows.map((row, i) => {
    const length = prefixLengths[row]!;
    const own = new Int32Array(width);
    own.set(tokens.subarray(row * t, row * t + length));
    return { features: features[i]!, tokens: own, length };
  });
}

/** The likeliest answers of a golden's rows. */
export async function answerGolden(
  reader: Reader,
  golden: Golden,
  {
    rows = [0, 1, 2],
    padding = 0,
    ...options
  }: Partial<SearchOptions> & { rows?: readonly number[]; padding?: number },
): Promise<Found[][]> {
  const { eosTokenId: eosId } = golden.model.config;
  const search = { eosId, maxTokens: 8, width: 1, ...options };
  const reading = await reader.read(await goldenPrompts(golden, rows, reader, padding), search.maxTokens);
  return searchAnswers(reading, rows.length, search);
}

/** Greedy answers of an engine to all rows of a golden: token ids. */
export async function greedyAnswers(engine: Engine, golden: Golden): Promise<(readonly number[])[]> {
  const graphs = graphReader(engine, golden.model);
  try {
    return (await answerGolden(graphs.with({}), golden, {})).map(([best]) => best!.tokens);
  } finally {
    await graphs.release();
  }
}
