import { existsSync } from "node:fs";
import { type LabelJudge, labelJudge } from "../../challenge/judge-label.ts";
import { readLabel } from "../../challenge/label.ts";
import { readLimits } from "../../challenge/label-limits.ts";
import type { DataSettings } from "../../config/data-schema.ts";
import { type CleanReport, countRules } from "../../data/clean-report.ts";
import { linkOf } from "../../data/image-links.ts";
import { LABEL_COLUMNS } from "../../data/judge-block.ts";
import { type JudgedBlock, withVerdicts } from "../../data/judged-table.ts";
import { drawSample, type SampleShare, type UnitBlock } from "../../data/sample.ts";
import { chooseSplit } from "../../data/split.ts";
import { openTable, type TableFile } from "../../data/table.ts";
import { createTable } from "../../data/table-write.ts";
import { memo } from "../../util/memo.ts";
import { checkSettings, checkShare, readOptions, refuseOverwrite, siblingTable, type TableJob } from "./table-job.ts";

export interface SampleOptions extends TableJob {
  readonly input: string;
  readonly output: string;
  readonly settings: Pick<DataSettings, "sample" | "split" | "clean">;
  /** Draws from the rows that cleaning would leave, with the labels that it would leave them. */
  readonly clean?: boolean;
  /**
   * Which images are not drawn: a share of them, as in splitting, or a table that has them. By default the table's column
   * `split` says, or the table `NAME-val.csv` beside it that a split has left, or the settings.
   */
  readonly val?: number | string;
}

export interface SampleReport {
  readonly file: string;
  readonly rows: number;
  /** Rows of the table that are on the train side. */
  readonly candidates: number;
  /** Which rows are not, in words. */
  readonly split: string;
  readonly seed: number;
  /** What became of the table's labels; null where they were taken as they are. */
  readonly clean: CleanReport | null;
  /** Rows, shares and groups before and after. */
  readonly entities: readonly SampleShare[];
  readonly units: readonly SampleShare[];
}

/**
 * Draws a balanced sample of the train side of a table and writes it in the order of the sample: its first n rows are the
 * sample of size n. @throws InputError when there are too few rows, or a file is not as it should be
 */
export async function sampleTable(options: SampleOptions): Promise<SampleReport> {
  const { input, output, settings: unchecked, val, clean = false, ...job } = options;
  const { sample, split: splitting, clean: cleaning } = unchecked;
  const settings = checkSettings({ sample, split: splitting, clean: cleaning });
  checkShare(val);
  const table = await openTable(input, LABEL_COLUMNS, readOptions(job));
  const held = val ?? leftBySplit(table);
  await refuseOverwrite([input, typeof held === "string" ? held : undefined], [output]);
  const split = await chooseSplit(table, settings.split, held);
  const { limits, ...policies } = settings.clean;
  const limitsOf = readLimits(limits);
  const draw = (blocks: AsyncIterable<UnitBlock>) => drawSample(input, blocks, split, settings.sample);
  const { drawn, report } = clean
    ? await withVerdicts(table, policies, limitsOf, {
        async run(blocks) {
          const counts = countRules(policies);
          return { drawn: await draw(cleanedBlocks(blocks, counts)), report: counts.report() };
        },
      })
    : { drawn: await draw(plainBlocks(table)), report: null };
  await writeRows(table, drawn.rows, output, clean ? labelJudge(policies, limitsOf) : undefined);
  const { rows, candidates, entities, units } = drawn;
  return {
    ...{ file: output, rows: rows.length, candidates, split: split.rule, seed: settings.sample.seed, clean: report },
    ...{ entities, units },
  };
}

async function* plainBlocks(table: TableFile): AsyncGenerator<UnitBlock> {
  const unitOf = memo((label) => readLabel(label).unit);
  for await (const block of table.blocks()) yield { block, units: block.column("entity_value").map(unitOf) };
}

async function* cleanedBlocks(
  blocks: AsyncGenerator<JudgedBlock>,
  counts: ReturnType<typeof countRules>,
): AsyncGenerator<UnitBlock> {
  for await (const { block, verdicts } of blocks) {
    counts.add(block, verdicts);
    yield { block, units: verdicts.map(({ outcome, unit }) => (outcome === "dropped" ? undefined : unit)) };
  }
}

function leftBySplit({ path, columns }: TableFile): string | undefined {
  const val = siblingTable(path.replace(/-train(?=\.[^/\\]*$)/, ""), "val");
  return !columns.includes("split") && existsSync(val) ? val : undefined;
}

/** Writes rows by their numbers, in that order, with the labels that `judge` leaves them. */
async function writeRows(table: TableFile, rows: readonly number[], output: string, judge?: LabelJudge): Promise<void> {
  const order = rows.map((row, place) => ({ row, place })).sort((a, b) => a.row - b.row);
  const drawn = new Array<readonly string[]>(rows.length);
  const [link, entity, value] = LABEL_COLUMNS.map((name) => table.columns.indexOf(name));
  let [first, next] = [0, 0];
  for await (const block of table.blocks()) {
    for (; next < order.length && order[next].row < first + block.rowCount; next++) {
      const { row, place } = order[next];
      const cells = table.columns.map((_, c) => block.cell(c, row - first));
      const verdict = judge?.(linkOf(cells[link]), cells[entity], cells[value]);
      drawn[place] = verdict?.outcome === "changed" ? cells.with(value, verdict.text) : cells;
    }
    first += block.rowCount;
  }
  const writer = await createTable(output, table.columns);
  await writer.write(table.columns.map((_, c) => drawn.map((cells) => cells[c])));
  await writer.commit();
}
