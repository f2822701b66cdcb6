import type { Entity } from "../challenge/entities.ts";
import type { BadRow } from "../data/bad-rows.ts";
import { groupByLength, padPrompt } from "../data/questions-by-length.ts";
import type { TokenizedSample } from "../data/tokenize.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import type { Grammar } from "./answer-grammar.ts";
import { lookAt, type Photographs } from "./looked-at.ts";
import type { Prompt, Reader } from "./reader.ts";
import { type Found, searchAnswers } from "./search.ts";

/** A text and how likely the model holds it to be, 0 to 1. */
export interface AnswerText {
  readonly text: string;
  readonly confidence: number;
}

/** What a model reads off one row's photograph. */
export interface RowAnswer extends AnswerText {
  readonly sample: TokenizedSample;
  /** The next best, the likeliest first. */
  readonly others: readonly AnswerText[];
}

/** How answers are found. */
export interface FindOptions {
  readonly tokenizer: Pick<Tokenizer, "eosId" | "decode">;
  /** Longest answer, in tokens. */
  readonly maxTokens: number;
  /** Answers to find for a question, by beam search when above 1. */
  readonly width: number;
  /** What an answer about an entity may look like; absent: anything. */
  readonly grammarOf?: ((entity: Entity) => Grammar) | undefined;
}

export interface AnswerRowsOptions extends Photographs, FindOptions {
  readonly tokenizer: Tokenizer;
  /** Rows that are read together. */
  readonly batch: number;
  /** Told of a row whose photograph turns out to be broken: it has no answer. */
  readonly onBadRow: (row: BadRow, sample: TokenizedSample) => void;
}

/** Answers rows, some at a time and in an order of its own: rows of one length go together. */
export async function* answerRows(
  samples: readonly TokenizedSample[],
  options: AnswerRowsOptions,
): AsyncGenerator<readonly RowAnswer[], void, void> {
  const { reader, tokenizer, batch, onBadRow } = options;
  for await (const { rows, bad } of lookAt(groupByLength(samples, batch), options)) {
    for (const { sample, reason } of bad) onBadRow({ line: sample.line, reason }, sample);
    if (rows.length === 0) continue;
    const questions = rows.map(({ sample, features }) => ({
      ...{ features, entity: sample.entity },
      ...padPrompt(sample, tokenizer.padId),
    }));
    const texts = await answerQuestions(reader, questions, options);
    yield rows.map(({ sample }, row) => {
      const [best, ...others] = texts[row]!;
      return { sample, ...best!, others };
    });
  }
}

/** What is asked about an image. */
export interface Question extends Prompt {
  readonly entity: Entity;
}

/** The likeliest answers to questions of one padded length, best first. */
export async function answerQuestions(
  reader: Reader,
  questions: readonly Question[],
  { tokenizer, maxTokens, width, grammarOf }: FindOptions,
): Promise<AnswerText[][]> {
  const reading = await reader.read(questions, maxTokens);
  const found = await searchAnswers(reading, questions.length, {
    ...{ eosId: tokenizer.eosId, maxTokens, width },
    grammarOf: grammarOf && ((row) => grammarOf(questions[row]!.entity)),
  });
  return found.map((answers) => textsOf(answers, tokenizer));
}

/** Answers as texts; two ways to spell one text are one answer, as likely as both together. */
function textsOf(found: readonly Found[], tokenizer: Pick<Tokenizer, "decode">): AnswerText[] {
  const confidences = new Map<string, number>();
  for (const { tokens, logProbability } of found) {
    const text = tokenizer.decode(tokens);
    confidences.set(text, (confidences.get(text) ?? 0) + Math.exp(logProbability));
  }
  const texts = [...confidences].map(([text, confidence]) => ({ text, confidence: Math.min(1, confidence) }));
  return texts.sort((a, b) => b.confidence - a.confidence);
}
