import { labelJudge, type Verdict } from "../challenge/judge-label.ts";
import type { LimitsOf } from "../challenge/label-rules.ts";
import { type CleanReport, countRules, type Policies } from "./clean-report.ts";
import { judgeBlock } from "./judge-block.ts";
import { findFates } from "./label-twins.ts";
import { QuestionKeys } from "./repeated-rows.ts";
import type { Block, TableFile } from "./table.ts";
import { createTable, type TableWriter } from "./table-write.ts";

/**
 * Applies the rules for labels to every row: those that stay are written to `output`, those that go to `dropped`, with
 * their line, rule and label. Most tables ask each question once and are done in one reading; one that does not is read
 * twice more, now knowing which rows belong together. 8 bytes a row are kept in memory. Nothing is written when it fails.
 * @throws InputError as openTable, and when a file cannot be written
 */
export async function cleanLabels(
  table: TableFile,
  files: { readonly output: string; readonly dropped: string },
  policies: Policies,
  limitsOf: LimitsOf,
): Promise<CleanReport> {
  const judge = labelJudge(policies, limitsOf);
  const keys = new QuestionKeys();
  const alone = await openOutputs(table, files);
  try {
    const report = await writeRows(table, policies, alone, (block) => {
      const verdicts = judgeBlock(block, judge);
      keys.addBlock(block, verdicts);
      return verdicts;
    });
    if (keys.repeated().size === 0) return await alone.commit(report);
  } finally {
    await alone.discard();
  }
  const fates = await findFates(table, keys, judge, policies);
  const together = await openOutputs(table, files);
  try {
    let row = 0;
    const report = await writeRows(table, policies, together, (block) =>
      judgeBlock(block, judge).map((verdict) => fates.get(row++) ?? verdict),
    );
    return await together.commit(report);
  } finally {
    await together.discard();
  }
}

/** The two tables in the making. */
interface Outputs {
  readonly kept: TableWriter;
  readonly dropped: TableWriter;
  commit<T>(result: T): Promise<T>;
  discard(): Promise<void>;
}

async function openOutputs(
  { columns }: TableFile,
  files: { readonly output: string; readonly dropped: string },
): Promise<Outputs> {
  const kept = await createTable(files.output, columns);
  const dropped = await createTable(files.dropped, ["line", "rule", ...columns]);
  return {
    kept,
    dropped,
    async commit(result) {
      await dropped.commit();
      await kept.commit();
      return result;
    },
    async discard() {
      await kept.discard();
      await dropped.discard();
    },
  };
}

async function writeRows(
  table: TableFile,
  policies: Policies,
  { kept, dropped }: Outputs,
  judge: (block: Block) => readonly Verdict[],
): Promise<CleanReport> {
  const counts = countRules(policies);
  for await (const block of table.blocks()) {
    const verdicts = judge(block);
    counts.add(block, verdicts);
    if (verdicts.some(({ outcome }) => outcome === "changed")) await kept.write(keptCells(block, verdicts));
    else await kept.copy(block, keptRows(verdicts));
    await dropped.write(droppedCells(block, verdicts));
  }
  return counts.report();
}

function keptRows(verdicts: readonly Verdict[]): number[] {
  return verdicts.flatMap(({ outcome }, i) => (outcome === "dropped" ? [] : [i]));
}

function keptCells(block: Block, verdicts: readonly Verdict[]): string[][] {
  const rows = keptRows(verdicts);
  return block.columns.map((name) => {
    const cells = block.column(name);
    if (name !== "entity_value") return rows.map((i) => cells[i]);
    return rows.map((i) => (verdicts[i].outcome === "changed" ? verdicts[i].text : cells[i]));
  });
}

function droppedCells(block: Block, verdicts: readonly Verdict[]): string[][] {
  const rows = verdicts.flatMap(({ outcome }, i) => (outcome === "dropped" ? [i] : []));
  return [
    rows.map((i) => String(block.lineOf(i))),
    rows.map((i) => verdicts[i].rule!),
    ...block.columns.map((_, c) => rows.map((i) => block.cell(c, i))),
  ];
}
