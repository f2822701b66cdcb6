import { type ScoreByEntity, scoreRows } from "../challenge/score.ts";
import { type Csv, type CsvRow, readCsv } from "../data/csv.ts";
import { InputError } from "../util/errors.ts";

/**
 * The challenge's score of a predictions CSV (`index, prediction`) against a truth CSV (`entity_value`; `index`, or else
 * its row number from 0; `entity_name` for the scores by entity, which are none without it).
 * @throws InputError when a file is not as said, or when the two do not have exactly the same indices.
 */
export async function scoreFiles(files: { predictions: string; truth: string }): Promise<ScoreByEntity> {
  const [predictions, truth] = await Promise.all([
    readCsv(files.predictions, ["index", "prediction"]),
    readCsv(files.truth, ["entity_value"]),
  ]);
  const answers = byIndex(predictions);
  const wanted = byIndex(truth);
  refuseExtra(answers, wanted, `${files.truth}: lacks rows which ${files.predictions} has`);
  refuseExtra(wanted, answers, `${files.predictions}: lacks rows which ${files.truth} has`);
  const rows = [...wanted].map(([index, { cells }]) => ({
    entity: cells.entity_name ?? "",
    prediction: answers.get(index)!.cells.prediction,
    truth: cells.entity_value,
  }));
  const score = scoreRows(rows);
  return truth.columns.includes("entity_name") ? score : { ...score, by_entity: {} };
}

function byIndex({ path, columns, rows }: Csv): ReadonlyMap<string, CsvRow> {
  const hasIndex = columns.includes("index");
  const found = new Map<string, CsvRow>();
  for (const [number, row] of rows.entries()) {
    const index = hasIndex ? row.cells.index.trim() : String(number);
    const earlier = found.get(index);
    if (earlier) {
      throw new InputError(`${path}: line ${row.line} has index "${index}" again, first on line ${earlier.line}`, {
        hint: "each index stands once; remove one of the rows",
      });
    }
    found.set(index, row);
  }
  return found;
}

function refuseExtra(rows: ReadonlyMap<string, CsvRow>, others: ReadonlyMap<string, CsvRow>, message: string): void {
  const extra = [...rows.keys()].filter((index) => !others.has(index));
  if (extra.length === 0) return;
  const shown = extra.slice(0, 5).join(", ") + (extra.length > 5 ? ", …" : "");
  throw new InputError(`${message}: index ${shown} (${extra.length} in all)`, {
    hint: "both files need exactly the same indices; a row without an answer has an empty prediction",
  });
}
