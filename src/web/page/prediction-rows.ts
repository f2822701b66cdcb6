import type { PredictionRow } from "../api.ts";
import type { PredictionsView } from "./page-state.ts";

/** A row of the first run, and what the second answered to it where there is one. */
export interface AnsweredRow {
  readonly row: PredictionRow;
  readonly other: PredictionRow | null;
}

export const isRight = ({ outcome }: PredictionRow) => outcome === "tp" || outcome === "tn";

/** Rows of the first run with those of the second that have the same index, entity and truth. */
export function pairRows(first: readonly PredictionRow[], second: readonly PredictionRow[]): readonly AnsweredRow[] {
  const byIndex = new Map(second.map((row) => [row.index, row]));
  return first.map((row) => {
    const other = byIndex.get(row.index);
    const isSame = other?.entity === row.entity && other.truth === row.truth;
    return { row, other: other && isSame ? other : null };
  });
}

/** The rows that a view asks for; text is looked for in truth, answers, question and index. */
export function filterRows(rows: readonly AnsweredRow[], view: PredictionsView): readonly AnsweredRow[] {
  const text = view.text.trim().toLowerCase();
  return rows.filter(
    ({ row, other }) =>
      (view.entity === null || row.entity === view.entity) &&
      (view.outcome === null || row.outcome === view.outcome) &&
      isAsked(row, other, view.versus) &&
      (text === "" || hasText(row, other, text)),
  );
}

function isAsked(row: PredictionRow, other: PredictionRow | null, versus: PredictionsView["versus"]): boolean {
  if (versus === "all") return true;
  if (!other) return false;
  const [first, second] = [isRight(row), isRight(other)];
  return versus === "neither" ? !first && !second : versus === "first" ? first && !second : !first && second;
}

function hasText(row: PredictionRow, other: PredictionRow | null, text: string): boolean {
  const cells = [row.truth, row.answer, other?.answer ?? "", row.question, row.entity, row.index];
  return cells.some((cell) => cell.toLowerCase().includes(text));
}

export const entitiesOf = (rows: readonly PredictionRow[]) => [...new Set(rows.map(({ entity }) => entity))].sort();

/** Rows that a list of equal rows has to draw: those in sight, and some above and below. */
export function windowOf(scrollTop: number, height: number, rowHeight: number, count: number, spare = 6) {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + spare);
  return { first: Math.min(first, end), end };
}
