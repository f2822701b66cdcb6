import type { Verdict } from "../challenge/judge-label.ts";
import type { LimitsOf } from "../challenge/label-rules.ts";
import { type CleanReport, countRules, type Policies } from "./clean-report.ts";
import { type JudgedBlock, withVerdicts } from "./judged-table.ts";
import type { Block, TableFile } from "./table.ts";
import { createTable, type TableWriter } from "./table-write.ts";

/**
 * Applies the rules for labels to every row: those that stay are written to `output`, those that go to `dropped`, with
 * their line, rule and label. Nothing is written when it fails.
 * @throws InputError as withVerdicts, and when a file cannot be written
 */
export async function cleanLabels(
  table: TableFile,
  files: { readonly output: string; readonly dropped: string },
  policies: Policies,
  limitsOf: LimitsOf,
): Promise<CleanReport> {
  const { outputs, report } = await withVerdicts(table, policies, limitsOf, {
    run: (blocks) => writeRows(blocks, policies, table.columns, files),
    undo: ({ outputs }) => outputs.discard(),
  });
  await outputs.commit();
  return report;
}

/** The two tables in the making. */
interface Outputs {
  readonly kept: TableWriter;
  readonly dropped: TableWriter;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

async function openOutputs(
  columns: readonly string[],
  files: { readonly output: string; readonly dropped: string },
): Promise<Outputs> {
  const kept = await createTable(files.output, columns);
  const dropped = await createTable(files.dropped, ["line", "rule", ...columns]).catch(async (error: unknown) => {
    await kept.discard();
    throw error;
  });
  const discard = async () => {
    await kept.discard();
    await dropped.discard();
  };
  return {
    kept,
    dropped,
    async commit() {
      try {
        await dropped.commit();
        await kept.commit();
      } finally {
        await discard();
      }
    },
    discard,
  };
}

async function writeRows(
  blocks: AsyncGenerator<JudgedBlock>,
  policies: Policies,
  columns: readonly string[],
  files: { readonly output: string; readonly dropped: string },
): Promise<{ outputs: Outputs; report: CleanReport }> {
  const counts = countRules(policies);
  const outputs = await openOutputs(columns, files);
  try {
    for await (const { block, verdicts } of blocks) {
      counts.add(block, verdicts);
      if (verdicts.some(({ outcome }) => outcome === "changed")) await outputs.kept.write(keptCells(block, verdicts));
      else await outputs.kept.copy(block, keptRows(verdicts));
      await outputs.dropped.write(droppedCells(block, verdicts));
    }
  } catch (error) {
    await outputs.discard();
    throw error;
  }
  return { outputs, report: counts.report() };
}

function keptRows(verdicts: readonly Verdict[]): number[] {
  return rowsWhere(verdicts, (verdict) => verdict.outcome !== "dropped");
}

function rowsWhere(verdicts: readonly Verdict[], isMeant: (verdict: Verdict) => boolean): number[] {
  const rows: number[] = [];
  for (let i = 0; i < verdicts.length; i++) if (isMeant(verdicts[i])) rows.push(i);
  return rows;
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
  const rows = rowsWhere(verdicts, ({ outcome }) => outcome === "dropped");
  return [
    rows.map((i) => String(block.lineOf(i))),
    rows.map((i) => verdicts[i].rule!),
    ...block.columns.map((_, c) => rows.map((i) => block.cell(c, i))),
  ];
}
