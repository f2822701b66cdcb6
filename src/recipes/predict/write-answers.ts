import { rm } from "node:fs/promises";
import { createTable, writeTable } from "../../data/table-write.ts";
import { type Entry, isFault } from "./answer-log.ts";
import type { BlankRule } from "./blank-rule.ts";
import type { TestRow } from "./test-table.ts";

/** A row without an answer, and why. */
export interface RowFault {
  /** Of the test table. */
  readonly line: number;
  readonly index: number;
  readonly reason: string;
}

/** What a row's answer comes to be in a table. */
export interface FinalAnswer {
  readonly row: TestRow;
  /** "" where there is none, or it is not confident enough. */
  readonly prediction: string;
  /** Four decimals; "" where there is no answer. */
  readonly confidence: string;
  readonly alternatives: string;
  /** Whether it is not confident enough to be given. */
  readonly isWithheld: boolean;
}

export function finalAnswer(row: TestRow, entry: Entry, isBlank: BlankRule): FinalAnswer {
  if (isFault(entry)) return { row, prediction: "", confidence: "", alternatives: "", isWithheld: false };
  const others = entry.others.map(({ text, confidence }) => ({
    prediction: text,
    confidence: Number(confidence.toFixed(4)),
  }));
  const isWithheld = entry.text !== "" && isBlank(entry.confidence);
  return {
    row,
    isWithheld,
    prediction: isWithheld ? "" : entry.text,
    confidence: entry.confidence.toFixed(4),
    alternatives: JSON.stringify(others),
  };
}

/** Writes `index, entity_name, prediction, confidence`, and `alternatives` where they are wanted. */
export async function writeAnswers(
  path: string,
  answers: readonly FinalAnswer[],
  withAlternatives: boolean,
): Promise<void> {
  const columns = ["index", "entity_name", "prediction", "confidence", ...(withAlternatives ? ["alternatives"] : [])];
  const rows = answers.map(({ row, isWithheld: _, ...texts }) => ({
    ...{ index: row.indexText, entity_name: row.entity },
    ...texts,
  }));
  await writeTable(path, columns, rows);
}

/** Writes `line, index, reason` of rows without an answer; no file where there are none. */
export async function writeFaults(path: string, faults: readonly RowFault[]): Promise<void> {
  if (faults.length === 0) return rm(path, { force: true });
  await writeTable(
    path,
    ["line", "index", "reason"],
    faults.map((fault) => ({ ...fault })),
  );
}

/** Finds out early whether a table can be written. @throws InputError as createTable */
export async function requireWritable(path: string): Promise<void> {
  await (await createTable(path, ["index"])).discard();
}
