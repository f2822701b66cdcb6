import type { LossCurve, RunTotals } from "./run-curve.ts";

/** A row of a run's predictions, and what its table says of it where that can be read. */
export interface AnsweredRow {
  readonly index: string;
  readonly entity: string;
  readonly prediction: string;
  readonly truth: string;
  readonly question: string;
  readonly link: string | null;
  readonly image: string | null;
}

/** What there is of a run. */
export interface RunRecord {
  /** Its name, or its path where names are not enough. */
  readonly name: string;
  readonly path: string;
  /** Settings by dotted key, as text. */
  readonly settings: Readonly<Record<string, string>>;
  readonly curve: LossCurve;
  readonly totals: RunTotals;
  /** Null where it cannot be told. */
  readonly plannedSteps: number | null;
  readonly trainingRows: number | null;
  /** Entity and value of each training row; null where they cannot be read. */
  readonly trainingValues: ReadonlySet<string> | null;
  /** Null when it was not evaluated on the split. */
  readonly rows: readonly AnsweredRow[] | null;
}

/** What {@link RunRecord.trainingValues} holds. */
export const valueKey = (entity: string, value: string) => `${entity}\0${value.trim()}`;
