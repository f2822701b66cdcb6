import { outcomeOf, type ScoreByEntity, scoreRows } from "../challenge/score.ts";
import type { Config } from "../config/schema.ts";
import type { BadRow } from "../data/bad-rows.ts";
import { type Batch, epochOrder, readBatches } from "../data/batches.ts";
import { writeTable } from "../data/table-write.ts";
import type { TokenizedSample } from "../data/tokenize.ts";
import type { Tensors } from "../engine/engine.ts";
import type { RunFolder } from "../runs/folder.ts";
import type { Trained } from "../train/trained.ts";
import { writeFileAtomic } from "../util/files.ts";
import { openAnswerer } from "./answerer.ts";
import type { Base } from "./base.ts";
import type { Observer } from "./observer.ts";
import { fileOfSplit, readRows, type Watch } from "./rows.ts";
import { openBatches } from "./steps.ts";

export interface Prediction {
  readonly index: number;
  readonly entity_name: string;
  readonly prediction: string;
  /** The model's probability of its answer, 0 to 1. */
  readonly confidence: number;
  readonly truth: string;
}

export interface Evaluation {
  readonly split: string;
  readonly score: ScoreByEntity;
  readonly predictions: readonly Prediction[];
  /** Rows that could not be asked about, their photograph missing or broken: they are not in the score. */
  readonly bad: readonly BadRow[];
}

/** A split that can be answered again and again, by whatever adapter or weights are given. */
export interface Answers {
  /** The rows, in the order of the split. */
  readonly samples: readonly TokenizedSample[];
  /** `weights` holds what is trained by graph input. */
  evaluate(weights: Tensors, observer?: Observer): Promise<Evaluation>;
  /** Rows with their true answers, once. */
  withTruth(): AsyncGenerator<Batch>;
  release(): Promise<void>;
}

/** Loads the rows of a split and a decoder for them. @throws InputError when too many rows are bad */
export async function openAnswers(
  split: string,
  config: Config,
  base: Base,
  trained: Trained,
  watch: Watch = {},
): Promise<Answers> {
  const read = await readRows(fileOfSplit(split, config), config, base, true, watch);
  const samples = read.samples.slice(0, config.eval.max_rows ?? undefined);
  const answerer = openAnswerer(config, base, trained);

  return {
    samples,
    async evaluate(weights, observer) {
      const bad = [...read.bad];
      const predictions: Prediction[] = [];
      const options = { weights, onBadRow: (row: BadRow) => void bad.push(row) };
      for await (const rows of answerer.answer(samples, options)) {
        for (const { sample, text, confidence } of rows) {
          const { index, entity, value } = sample;
          predictions.push({ index, entity_name: entity, prediction: text, confidence, truth: value });
        }
        observer?.answered?.(predictions.length, samples.length);
      }
      predictions.sort((a, b) => a.index - b.index);
      return { split, score: scorePredictions(predictions), predictions, bad };
    },
    async *withTruth() {
      const source = openBatches(config, base, samples);
      const order = epochOrder(samples.length, 0, 0, false);
      const batch = config.eval.batch ?? config.train.batch;
      try {
        yield* readBatches({ ...source.options, order, batch, onBadRow: () => {} });
      } finally {
        await source.close();
      }
    },
    release: () => answerer.release(),
  };
}

export const scorePredictions = (predictions: readonly Prediction[]): ScoreByEntity =>
  scoreRows(predictions.map((row) => ({ ...row, entity: row.entity_name })));

/** Writes `eval-SPLIT.json` and `predictions-SPLIT.csv` into a run's folder, and says where they are. */
export async function writeEvaluation(
  run: RunFolder,
  { split, score, predictions, bad }: Evaluation,
): Promise<string[]> {
  const files = [run.evaluation(split), run.predictions(split)] as const;
  const rows = predictions.map((row) => ({
    ...row,
    confidence: row.confidence.toFixed(4),
    outcome: outcomeOf(row.prediction, row.truth),
  }));
  await writeTable(files[1], ["index", "entity_name", "prediction", "confidence", "truth", "outcome"], rows);
  await writeFileAtomic(
    run.evaluation(split),
    `${JSON.stringify({ ...score, split, bad_rows: bad.length }, null, 2)}\n`,
  );
  return [...files];
}
