import { labelJudge, type Verdict } from "../challenge/judge-label.ts";
import type { LimitsOf } from "../challenge/label-rules.ts";
import type { Policies } from "./clean-report.ts";
import { judgeBlock } from "./judge-block.ts";
import { findFates } from "./label-twins.ts";
import { QuestionKeys } from "./repeated-rows.ts";
import type { Block, TableFile } from "./table.ts";

/** Rows that were read together, and what the rules for labels say about each. */
export interface JudgedBlock {
  readonly block: Block;
  readonly verdicts: readonly Verdict[];
}

/** What is done with a table's rows and the verdicts on them, in one reading. */
export interface JudgedWork<T> {
  run(blocks: AsyncGenerator<JudgedBlock>): Promise<T>;
  /** Undoes a run whose verdicts turn out not to be the last word. */
  undo?(result: T): Promise<void>;
}

/**
 * Judges the rows of a table and works with them. Most tables ask each question once and are done in one reading; one that
 * does not is read twice more, now knowing which rows belong together. 8 bytes a row are kept in memory.
 * @throws InputError as openTable, and whatever `work` throws
 */
export async function withVerdicts<T>(
  table: TableFile,
  policies: Policies,
  limitsOf: LimitsOf,
  work: JudgedWork<T>,
): Promise<T> {
  const judge = labelJudge(policies, limitsOf);
  const keys = new QuestionKeys();
  const alone = await work.run(
    judgeBlocks(table, (block) => {
      const verdicts = judgeBlock(block, judge);
      keys.addBlock(block, verdicts);
      return verdicts;
    }),
  );
  if (keys.repeated().size === 0) return alone;
  await work.undo?.(alone);
  const fates = await findFates(table, keys, judge, policies);
  let row = 0;
  return work.run(
    judgeBlocks(table, (block) => judgeBlock(block, judge).map((verdict) => fates.get(row++) ?? verdict)),
  );
}

async function* judgeBlocks(
  table: TableFile,
  judge: (block: Block) => readonly Verdict[],
): AsyncGenerator<JudgedBlock> {
  for await (const block of table.blocks()) yield { block, verdicts: judge(block) };
}
