/** tp: right answer. fp: wrong answer, or one where none was wanted. fn: no answer where one was. tn: rightly none. */
export type Outcome = "tp" | "fp" | "fn" | "tn";

export interface Judged {
  readonly entity: string;
  readonly prediction: string;
  readonly truth: string;
}

/** Counts of outcomes and what follows from them. A ratio whose denominator is 0 is 0. */
export interface Score {
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
  readonly rows: number;
}

/** A score over all rows, and one for the rows of each entity, by name. */
export interface ScoreByEntity extends Score {
  readonly by_entity: Readonly<Record<string, Score>>;
}

/** The outcome of one row. Texts are compared letter by letter, after spaces at both ends are gone. */
export function outcomeOf(prediction: string, truth: string): Outcome {
  const [out, wanted] = [prediction.trim(), truth.trim()];
  if (out === "") return wanted === "" ? "tn" : "fn";
  return out === wanted ? "tp" : "fp";
}

/** The challenge's F1 (official rules) over all rows and per entity; the order of rows does not matter. */
export function scoreRows(rows: readonly Judged[]): ScoreByEntity {
  const names = [...new Set(rows.map((row) => row.entity))].sort();
  const byEntity = names.map((name) => [name, score(rows.filter((row) => row.entity === name))] as const);
  return { ...score(rows), by_entity: Object.fromEntries(byEntity) };
}

function score(rows: readonly Judged[]): Score {
  const counts = { tp: 0, fp: 0, fn: 0, tn: 0 };
  for (const { prediction, truth } of rows) counts[outcomeOf(prediction, truth)]++;
  const { tp, fp, fn } = counts;
  const precision = ratio(tp, tp + fp);
  const recall = ratio(tp, tp + fn);
  return { f1: ratio(2 * tp, 2 * tp + fp + fn), precision, recall, ...counts, rows: rows.length };
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
