import { strip } from "./answer.ts";

export const OUTCOMES = ["tp", "fp", "fn", "tn"] as const;

/** tp: right answer. fp: wrong answer, or one where none was wanted. fn: no answer where one was. tn: rightly none. */
export type Outcome = (typeof OUTCOMES)[number];

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
  if (prediction === truth && isVisibleAscii(prediction.charCodeAt(0))) return "tp"; // most rows of a good model: nothing to trim
  const out = strip(prediction);
  if (out === "") return strip(truth) === "" ? "tn" : "fn";
  return prediction === truth || out === strip(truth) ? "tp" : "fp";
}

/** Letters, digits and signs that no trimming takes away. */
const isVisibleAscii = (code: number) => code > 0x20 && code < 0x7f;

/** The challenge's F1 (official rules) over all rows and per entity; the order of rows does not matter. */
export function scoreRows(rows: Iterable<Judged>): ScoreByEntity {
  const counter = countOutcomes();
  for (const { entity, prediction, truth } of rows) counter.add(entity, prediction, truth);
  return counter.score();
}

/** The same for rows that come one by one. */
export interface OutcomeCounter {
  add(entity: string, prediction: string, truth: string): void;
  score(): ScoreByEntity;
}

export function countOutcomes(): OutcomeCounter {
  const byEntity = new Map<string, Counts>();
  return {
    add(entity, prediction, truth) {
      let counts = byEntity.get(entity);
      if (!counts) {
        counts = noCounts();
        byEntity.set(entity, counts);
      }
      counts[outcomeOf(prediction, truth)]++;
    },
    score() {
      const names = [...byEntity.keys()].sort();
      const all = noCounts();
      for (const counts of byEntity.values()) for (const outcome of OUTCOMES) all[outcome] += counts[outcome];
      return { ...score(all), by_entity: Object.fromEntries(names.map((name) => [name, score(byEntity.get(name)!)])) };
    },
  };
}

type Counts = Record<Outcome, number>;

const noCounts = (): Counts => ({ tp: 0, fp: 0, fn: 0, tn: 0 });

function score(counts: Counts): Score {
  const { tp, fp, fn, tn } = counts;
  const precision = ratio(tp, tp + fp);
  const recall = ratio(tp, tp + fn);
  return { f1: ratio(2 * tp, 2 * tp + fp + fn), precision, recall, ...counts, rows: tp + fp + fn + tn };
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
