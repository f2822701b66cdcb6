import { strip } from "../challenge/answer.ts";
import { answerFault } from "../challenge/submission.ts";
import { rowsByIndex } from "./row-index.ts";
import { openTable, readTable, type TableFile } from "./table.ts";

/** One thing that is wrong with a submission. */
export interface SubmissionFault {
  /** Null where a row is missing. */
  readonly line: number | null;
  readonly index: string | null;
  readonly fault: string;
}

export interface SubmissionCheck {
  readonly rows: number;
  readonly answered: number;
  /** In the order of lines; what is missing comes last. */
  readonly faults: readonly SubmissionFault[];
}

const COLUMNS = ["index", "prediction"];

/**
 * The official check of a submission and more: exactly the columns index and prediction, whole numbers as indices, each
 * once, answers of the form "x unit" with a unit that is allowed; with the test table also exactly its indices, and units
 * that the row's entity allows. @throws InputError when a file cannot be read as a table, or the test
 * table has an index twice
 */
export async function checkSubmission(path: string, testPath?: string): Promise<SubmissionCheck> {
  const table = await openTable(path);
  const header = headerFaults(table);
  if (!COLUMNS.every((name) => table.columns.includes(name))) return { rows: 0, answered: 0, faults: header };
  const test = testPath === undefined ? undefined : await readTest(testPath);
  const faults: SubmissionFault[] = [...header];
  const seen = new Map<string, number>();
  let [rows, answered] = [0, 0];
  for await (const block of table.blocks()) {
    const [indices, predictions] = COLUMNS.map((name) => block.column(name));
    for (let i = 0; i < block.rowCount; i++) {
      const [index, line] = [indices[i].trim(), block.lineOf(i)];
      const tell = (fault: string) => void faults.push({ line, index, fault });
      const earlier = seen.get(index);
      if (!/^\d{1,15}$/.test(index)) tell(`index "${index.slice(0, 60)}" is no whole number`);
      else if (earlier !== undefined) tell(`index ${index} stands again, first on line ${earlier}`);
      else if (test && !test.has(index)) tell(`index ${index} is not in ${testPath}`);
      if (earlier === undefined) seen.set(index, line);
      const fault = answerFault(predictions[i], test?.get(index));
      if (fault !== undefined) tell(fault);
      answered += +(strip(predictions[i]) !== "");
    }
    rows += block.rowCount;
  }
  if (rows === 0) faults.push({ line: null, index: null, fault: "there are no rows" });
  for (const index of test?.keys() ?? []) {
    if (!seen.has(index)) faults.push({ line: null, index, fault: `index ${index} of ${testPath} is missing` });
  }
  return { rows, answered, faults };
}

function headerFaults({ columns }: TableFile): SubmissionFault[] {
  if (columns.join() === COLUMNS.join()) return [];
  return [
    { line: 1, index: null, fault: `the header is ${columns.join(",").slice(0, 200)}, not ${COLUMNS.join(",")}` },
  ];
}

/** Entity by index; "" where the table does not say. */
async function readTest(path: string): Promise<ReadonlyMap<string, string>> {
  const table = await readTable(path, ["index"]);
  const entities = table.columns.includes("entity_name") ? table.column("entity_name") : undefined;
  return new Map([...rowsByIndex(table)].map(([index, row]) => [index, entities?.[row] ?? ""]));
}
