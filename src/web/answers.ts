import { existsSync } from "node:fs";
import { outcomeOf } from "../challenge/score.ts";
import { readTable } from "../data/table.ts";
import { findSources, readPredictions, tableReader } from "../recipes/split-rows.ts";
import type { AnsweredRow } from "../report/run-record.ts";
import { predictionsFile, RUN_FILES } from "../runs/folder.ts";
import { InputError } from "../util/errors.ts";
import type { PredictionRow, PredictionsAnswer } from "./api.ts";
import { WebFault } from "./fault.ts";
import type { WatchedRun } from "./watched-run.ts";

/** A run's answers to a split, and what its tables say of them. */
export interface SplitAnswers {
  readonly rows: readonly AnsweredRow[];
  readonly confidences: readonly (number | null)[];
  /** What lacks, and what to do about it. */
  readonly notes: readonly string[];
}

/** Reads answers; those of some runs are kept, for a picture is asked for at a time. */
export type ReadAnswers = (run: WatchedRun, split: string) => Promise<SplitAnswers>;

const MOST_KEPT = 8;

/** @returns a reader that throws WebFault when the run has no answers to the split */
export function answersReader(): ReadAnswers {
  const kept = new Map<string, { readonly stamp: string; readonly answers: Promise<SplitAnswers> }>();
  return (watched, split) => {
    const { run, files } = watched;
    if (!files.predicted.includes(split)) {
      throw new WebFault(
        404,
        `${run.name}: has no answers to ${split.slice(0, 60)}`,
        `amlc eval --run ${run.path} --split ${split.slice(0, 60)}`,
      );
    }
    const key = JSON.stringify([run.name, split]);
    const stamp = [predictionsFile(split), RUN_FILES.config].map((name) => files.stamps.get(name)).join();
    const found = kept.get(key);
    kept.delete(key); // what was asked for last goes last
    const entry = found?.stamp === stamp ? found : { stamp, answers: readAnswers(watched, split) };
    kept.set(key, entry);
    entry.answers.catch(() => kept.delete(key));
    for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
    return entry.answers;
  };
}

/** The splits of which a configuration says where their rows are; of a file's name, the path is not known. */
export const CONFIGURED: ReadonlySet<string> = new Set(["train", "val"]);

async function readAnswers({ run, config: { config, fault } }: WatchedRun, split: string): Promise<SplitAnswers> {
  const notes: string[] = [];
  const answered = await readPredictions(run, split);
  const confidences = await readConfidences(run.predictions(split));
  const withSources = async () => {
    if (config === null) notes.push(`without pictures: ${fault}`);
    else if (!CONFIGURED.has(split))
      notes.push("without pictures: these rows are from a file that the run does not name");
    else return findSources(answered, split, config, tableReader());
    return answered;
  };
  const rows = await withSources().catch((error: unknown) => {
    if (!(error instanceof InputError) && !(error instanceof RangeError)) throw error;
    notes.push(`without pictures: ${error.message}`);
    return answered;
  });
  const unknown = rows.filter(({ link }) => link === null).length;
  if (notes.length === 0 && unknown > 0) {
    notes.push(`rows that the table of this split does not have (any more), without pictures: ${unknown}`);
  }
  return { rows, confidences, notes };
}

async function readConfidences(path: string): Promise<readonly (number | null)[]> {
  const table = await readTable(path);
  if (!table.columns.includes("confidence")) return Array.from({ length: table.rowCount }, () => null);
  return table.column("confidence").map((cell) => {
    const value = Number(cell);
    return cell.trim() !== "" && value >= 0 && value <= 1 ? value : null;
  });
}

export function predictionsAnswer(run: string, split: string, answers: SplitAnswers): PredictionsAnswer {
  const isThere = new Map<string, boolean>();
  const hasImage = (path: string | null) => {
    if (path === null) return false;
    if (!isThere.has(path)) isThere.set(path, existsSync(path));
    return isThere.get(path)!;
  };
  const rows = answers.rows.map(({ index, entity, question, truth, prediction, image }, i): PredictionRow => {
    const outcome = outcomeOf(prediction, truth);
    const confidence = answers.confidences[i] ?? null;
    return { index, entity, question, truth, answer: prediction, confidence, outcome, hasImage: hasImage(image) };
  });
  return { run, split, rows, notes: answers.notes };
}
