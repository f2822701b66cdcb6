import {
  type BootstrapOptions,
  estimateF1Difference,
  estimateScore,
  type F1Difference,
  type ScoreEstimate,
} from "../challenge/bootstrap.ts";
import { type McNemar, mcnemar } from "../challenge/mcnemar.ts";
import { type Outcome, outcomeOf } from "../challenge/score.ts";
import { unitOfText } from "../challenge/unit-of-text.ts";
import type { RunTotals } from "./run-curve.ts";
import { type AnsweredRow, type RunRecord, valueKey } from "./run-record.ts";
import { matchRows } from "./shared-rows.ts";

export interface RunScore extends ScoreEstimate {
  readonly by_entity: Readonly<Record<string, ScoreEstimate>>;
  /** By the unit of the truth. */
  readonly by_unit: Readonly<Record<string, ScoreEstimate>>;
  /** Of rows whose entity and value stand among the training rows, and of the others. */
  readonly seen_values: ScoreEstimate | null;
  readonly unseen_values: ScoreEstimate | null;
}

export interface RunSummary extends RunTotals {
  readonly name: string;
  readonly path: string;
  readonly planned_steps: number | null;
  readonly training_rows: number | null;
  readonly score: RunScore | null;
}

export interface PairedTest {
  readonly first: string;
  readonly other: string;
  readonly rows: number;
  readonly f1_difference: F1Difference;
  readonly only_first_right: number;
  readonly only_other_right: number;
  readonly mcnemar: McNemar;
}

export interface Disagreement {
  readonly row: AnsweredRow;
  readonly answers: readonly { readonly run: string; readonly answer: string; readonly is_right: boolean }[];
}

export interface Comparison {
  readonly split: string;
  readonly notes: readonly string[];
  /** Settings that are not the same in all runs; null where a run has none of that name. */
  readonly differences: readonly { readonly key: string; readonly values: readonly (string | null)[] }[];
  readonly runs: readonly RunSummary[];
  /** Rows that every evaluated run has answered: the scores are of these. */
  readonly shared_rows: number;
  readonly tests: readonly PairedTest[];
  readonly disagreements: { readonly rows: number; readonly shown: readonly Disagreement[] };
}

/** Rows shown of those on which runs disagree. */
const SHOWN_ROWS = 24;

/** Compares runs, the first with each of the others. `notes` are what was told of them while they were read. */
export function compareRuns(
  runs: readonly RunRecord[],
  split: string,
  notes: readonly string[] = [],
  options: BootstrapOptions = {},
): Comparison {
  const evaluated = runs.filter((run) => run.rows !== null);
  const { rowsOf, count, note } = matchRows(evaluated.map(({ name, rows }) => ({ name, rows: rows! })));
  const shared = new Map(evaluated.map(({ name }, i) => [name, rowsOf[i]]));
  const outcomes = rowsOf.map((rows) => rows.map(({ prediction, truth }) => outcomeOf(prediction, truth)));
  const canPair = count > 0 && evaluated.length > 1;
  const estimate = rowEstimator(options);
  return {
    split,
    notes: [...notes, ...(note === undefined ? [] : [note])],
    differences: differingSettings(runs),
    runs: runs.map((run) => {
      const rows = shared.get(run.name);
      const score = rows ? scoreRun(rows, run.trainingValues, estimate) : null;
      const { name, path, plannedSteps: planned_steps, trainingRows: training_rows, totals } = run;
      return { name, path, planned_steps, training_rows, ...totals, score };
    }),
    shared_rows: count,
    tests: canPair
      ? outcomes.slice(1).map((other, i) => pairedTest(evaluated, i + 1, outcomes[0], other, options))
      : [],
    disagreements: canPair ? disagreements(evaluated, rowsOf, outcomes) : { rows: 0, shown: [] },
  };
}

export const isRight = (outcome: Outcome) => outcome === "tp" || outcome === "tn";

export function scoreRun(
  rows: readonly AnsweredRow[],
  trainingValues: ReadonlySet<string> | null,
  estimate: RowEstimator = rowEstimator(),
): RunScore {
  const estimateBy = (keyOf: (row: AnsweredRow) => string) => {
    const groups = new Map<string, AnsweredRow[]>();
    for (const row of rows) {
      const key = keyOf(row);
      groups.get(key)?.push(row) ?? groups.set(key, [row]);
    }
    const estimates = [...groups.keys()].sort().map((key) => [key, estimate(groups.get(key)!)]);
    return Object.assign(Object.create(null), Object.fromEntries(estimates)) as Record<string, ScoreEstimate>;
  };
  const isSeen = ({ entity, truth }: AnsweredRow) => trainingValues?.has(valueKey(entity, truth));
  const part = (wanted: boolean) => trainingValues && estimate(rows.filter((row) => isSeen(row) === wanted));
  return {
    ...estimate(rows),
    by_entity: estimateBy(({ entity }) => entity),
    by_unit: estimateBy(({ truth }) => unitOfText(truth)),
    seen_values: part(true),
    unseen_values: part(false),
  };
}

type RowEstimator = (rows: readonly AnsweredRow[]) => ScoreEstimate;

/** Scores rows; an estimate follows from counts alone, and small groups of many runs often have the same. */
function rowEstimator(options: BootstrapOptions = {}): RowEstimator {
  const known = new Map<string, ScoreEstimate>();
  return (rows) => {
    const counts = { tp: 0, fp: 0, fn: 0, tn: 0 };
    for (const { prediction, truth } of rows) counts[outcomeOf(prediction, truth)]++;
    const key = Object.values(counts).join();
    const estimate = known.get(key) ?? estimateScore(counts, options);
    known.set(key, estimate);
    return estimate;
  };
}

function pairedTest(
  runs: readonly RunRecord[],
  i: number,
  first: readonly Outcome[],
  other: readonly Outcome[],
  options: BootstrapOptions,
): PairedTest {
  let [onlyFirst, onlyOther] = [0, 0];
  for (let row = 0; row < first.length; row++) {
    const [a, b] = [isRight(first[row]), isRight(other[row])];
    if (a && !b) onlyFirst++;
    if (b && !a) onlyOther++;
  }
  return {
    first: runs[0].name,
    other: runs[i].name,
    rows: first.length,
    f1_difference: estimateF1Difference(first, other, options),
    only_first_right: onlyFirst,
    only_other_right: onlyOther,
    mcnemar: mcnemar(onlyFirst, onlyOther),
  };
}

/** Rows that some runs have right and others wrong; of many some, evenly over the table, half of them right in the first run. */
function disagreements(
  runs: readonly RunRecord[],
  rowsOf: readonly (readonly AnsweredRow[])[],
  outcomes: readonly (readonly Outcome[])[],
): Comparison["disagreements"] {
  const places = [...rowsOf[0].keys()].filter((row) => {
    const right = isRight(outcomes[0][row]);
    return outcomes.some((outcome) => isRight(outcome[row]) !== right);
  });
  const firstRight = places.filter((row) => isRight(outcomes[0][row]));
  const firstWrong = places.filter((row) => !isRight(outcomes[0][row]));
  const half = SHOWN_ROWS / 2;
  const shown = [
    ...spread(firstRight, Math.max(half, SHOWN_ROWS - firstWrong.length)),
    ...spread(firstWrong, Math.max(half, SHOWN_ROWS - firstRight.length)),
  ];
  return {
    rows: places.length,
    shown: shown.map((row) => ({
      row: rowsOf[0][row],
      answers: runs.map(({ name }, i) => {
        return { run: name, answer: rowsOf[i][row].prediction, is_right: isRight(outcomes[i][row]) };
      }),
    })),
  };
}

/** At most `count` of some things, evenly. */
export function spread<T>(things: readonly T[], count: number): readonly T[] {
  if (things.length <= count) return things;
  return Array.from({ length: count }, (_, i) => things[Math.floor((i * things.length) / count)]);
}

const OWN_KEYS = ["run.name", "run.dir"];

function differingSettings(runs: readonly RunRecord[]): Comparison["differences"] {
  const keys = new Set(runs.flatMap(({ settings }) => Object.keys(settings)));
  return [...keys]
    .map((key) => ({ key, values: runs.map(({ settings }) => (Object.hasOwn(settings, key) ? settings[key] : null)) }))
    .filter(({ key, values }) => !OWN_KEYS.includes(key) && new Set(values).size > 1);
}
