import { judgeLabel, type Verdict } from "../challenge/judge-label.ts";
import type { LabelFacts } from "../challenge/label-rules.ts";
import { type CleanReport, countRules, type Policies } from "./clean-report.ts";
import { findFates, type Judge } from "./label-twins.ts";
import { labelledRows } from "./labelled-rows.ts";
import type { Rows, TableFile } from "./table.ts";
import { createTable } from "./table-write.ts";

/**
 * Applies the rules for labels to every row: those that stay are written to `output`, those that go to `dropped`, with
 * their line, rule and label. The file is read two times, or three when questions stand more than once; what is kept in memory
 * is 8 bytes a row. Nothing is written when it fails.
 * @throws InputError as openTable, and when a file cannot be written
 */
export async function cleanLabels(
  table: TableFile,
  files: { readonly output: string; readonly dropped: string },
  policies: Policies,
  facts: LabelFacts,
): Promise<CleanReport> {
  const judge: Judge = (row) => judgeLabel(row, policies, facts);
  const fates = await findFates(table, judge, policies, facts);
  const counts = countRules(policies);
  const kept = await createTable(files.output, table.columns);
  const dropped = await createTable(files.dropped, ["line", "rule", ...table.columns]);
  try {
    let first = 0;
    for await (const block of table.blocks()) {
      const verdicts = Array.from(labelledRows(block), (row, i) => fates.get(first + i) ?? judge(row));
      counts.add(block, verdicts);
      await kept.write(keptCells(block, table.columns, verdicts));
      await dropped.write(droppedCells(block, table.columns, verdicts));
      first += block.rowCount;
    }
    await dropped.commit();
    await kept.commit();
  } finally {
    await kept.discard();
    await dropped.discard();
  }
  return counts.report();
}

function keptCells(block: Rows, columns: readonly string[], verdicts: readonly Verdict[]): string[][] {
  const stays = verdicts.map(({ outcome }) => outcome !== "dropped");
  return columns.map((name) => {
    const cells = block.column(name).filter((_, i) => stays[i]);
    if (name !== "entity_value") return cells;
    const changed = verdicts.filter((_, i) => stays[i]);
    return cells.map((cell, i) => (changed[i].outcome === "changed" ? changed[i].text : cell));
  });
}

function droppedCells(block: Rows, columns: readonly string[], verdicts: readonly Verdict[]): string[][] {
  const rows = verdicts.flatMap(({ outcome }, i) => (outcome === "dropped" ? [i] : []));
  const cells = columns.map((name) => (rows.length === 0 ? [] : block.column(name)));
  return [
    rows.map((i) => String(block.lineOf(i))),
    rows.map((i) => verdicts[i].rule!),
    ...cells.map((column) => rows.map((i) => column[i])),
  ];
}
