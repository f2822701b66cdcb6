import type { Config } from "../config/schema.ts";
import type { BadRow } from "../data/bad-rows.ts";
import type { TokenizedSample } from "../data/tokenize.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import type { Tensors } from "../engine/engine.ts";
import { answerGrammars } from "../infer/answer-grammar.ts";
import { answerRows, type FindOptions, type RowAnswer } from "../infer/answer-rows.ts";
import { graphReader } from "../infer/graph-reader.ts";
import type { Reader } from "../infer/reader.ts";
import { viewByInput } from "../train/layout.ts";
import type { Trained } from "../train/trained.ts";
import type { Base } from "./base.ts";
import { openRunModel, type RunModelOptions } from "./run-model.ts";
import { openPhotographs } from "./steps.ts";
import { frozenPart } from "./tuned.ts";

export type { AnswerText, RowAnswer } from "../infer/answer-rows.ts";

export interface AnswerOptions {
  /** What is trained, by graph input; by default what the answerer was opened with. */
  readonly weights?: Tensors;
  /** Told of a row whose photograph turns out to be broken: it has no answer. */
  readonly onBadRow?: (row: BadRow, sample: TokenizedSample) => void;
}

/** Answers rows, again and again. */
export interface Answerer {
  /** Some rows at a time, in an order of its own: rows of one length go together. */
  answer(
    samples: readonly TokenizedSample[],
    options?: AnswerOptions,
  ): AsyncGenerator<readonly RowAnswer[], void, void>;
  release(): Promise<void>;
}

/** Answers rows with a base and what is trained of it. @throws InputError when answers cannot have the form of decode.constrain */
export function openAnswerer(config: Config, base: Base, trained: Trained): Answerer {
  return answerWith(config, base, openReaders(base, trained));
}

/** Reads with a base and what is trained of it. */
export function openReaders({ engine, model }: Base, trained: Trained): Readers {
  const graphs = graphReader(engine, frozenPart(model, trained), trained.lora && { ...trained.lora, dropout: 0 });
  const own = viewByInput(trained.layout, trained.values);
  return { with: (weights) => graphs.with(weights ?? own), release: graphs.release };
}

/** What reads images and prompts; `weights` is what is trained, where there is such a thing. */
export interface Readers {
  with(weights?: Tensors): Reader;
  release(): Promise<void>;
}

/** How answers are found, as a configuration has it. @throws InputError when they cannot have the form of decode.constrain */
export function findOptions(
  { decode, eval: evaluation }: Config,
  tokenizer: Tokenizer,
): FindOptions & { readonly tokenizer: Tokenizer } {
  const maxTokens = evaluation.max_new_tokens;
  return {
    ...{ tokenizer, maxTokens, width: decode.n_best },
    grammarOf: decode.constrain === "off" ? undefined : answerGrammars(tokenizer, decode.constrain, maxTokens),
  };
}

/** Answers rows with whatever reads them. @throws InputError as {@link openAnswerer} */
export function answerWith(config: Config, base: Base, readers: Readers): Answerer {
  const photographs = openPhotographs(config, base);
  const options = {
    ...findOptions(config, base.tokenizer),
    batch: config.eval.batch ?? config.train.batch,
    ahead: config.data.prefetch,
    format: photographs.format,
    readPixels: (path: string) => photographs.reader.read(path),
    readFeatures: photographs.readFeatures,
  };
  return {
    answer: (samples, { weights, onBadRow = () => {} } = {}) =>
      answerRows(samples, { ...options, reader: readers.with(weights), onBadRow }),
    async release() {
      await Promise.all([readers.release(), photographs.close()]);
    },
  };
}

/** What a run has learnt, ready to answer. @throws InputError as {@link openRunModel} and {@link openAnswerer} */
export async function openRunAnswerer(options: RunModelOptions) {
  const model = await openRunModel(options);
  const readers = openReaders(model.base, model.trained);
  return { ...model, answerer: answerWith(model.config, model.base, readers), reader: readers.with() };
}
