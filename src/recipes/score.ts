import { countOutcomes, type ScoreByEntity } from "../challenge/score.ts";
import { pairRows } from "../data/row-index.ts";
import { type Selection, sideBySide } from "../data/side-by-side.ts";
import { openTable, readTable } from "../data/table.ts";

/**
 * The challenge's score of a predictions table (`index, prediction`) against the truth (`entity_value`; `index`, or else
 * its row number from 0; `entity_name` for the scores by entity, which are none without it).
 * @throws InputError when a file is not as said, or when the two do not have exactly the same indices.
 */
export async function scoreFiles(files: { predictions: string; truth: string }): Promise<ScoreByEntity> {
  const predictions = await openTable(files.predictions, ["index", "prediction"]);
  const truth = await openTable(files.truth, ["entity_value"]);
  const answers: Selection = { table: predictions, columns: ["index", "prediction"] };
  const wanted: Selection = { table: truth, columns: ["index", "entity_value", "entity_name"] };
  const score = (await scoreInStep(answers, wanted)) ?? (await scoreByIndex(files));
  return truth.columns.includes("entity_name") ? score : { ...score, by_entity: {} };
}

/**
 * In one pass and without holding a file, for tables whose indices ascend together, as they mostly do: then none stands
 * twice or lacks. Undefined for others, and where there are no rows.
 */
async function scoreInStep(answers: Selection, wanted: Selection): Promise<ScoreByEntity | undefined> {
  const counter = countOutcomes();
  const isNumbered = wanted.table.columns.includes("index");
  let last = -1;
  for await (const { rowCount, start, left, right } of sideBySide(answers, wanted)) {
    if (rowCount === 0) return undefined;
    for (let i = 0; i < rowCount; i++) {
      const text = left(i, 0);
      const index = Number(text);
      if (!(index > last) || text !== (isNumbered ? right(i, 0) : String(start + i))) return undefined;
      last = index;
      counter.add(right(i, 2), left(i, 1), right(i, 1));
    }
  }
  return last < 0 ? undefined : counter.score();
}

/** In any order, and with the reason when the indices are not the same. */
async function scoreByIndex(files: { predictions: string; truth: string }): Promise<ScoreByEntity> {
  const predictions = await readTable(files.predictions, ["index", "prediction"]);
  const truth = await readTable(files.truth, ["entity_value"]);
  const predictionOf = pairRows(truth, predictions);
  const [answers, wanted] = [predictions.column("prediction"), truth.column("entity_value")];
  const entities = truth.columns.includes("entity_name") ? truth.column("entity_name") : undefined;
  const counter = countOutcomes();
  for (let row = 0; row < truth.rowCount; row++) {
    counter.add(entities?.[row] ?? "", answers[predictionOf(row)], wanted[row]);
  }
  return counter.score();
}
