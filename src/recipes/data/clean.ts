import { readLimits } from "../../challenge/label-limits.ts";
import type { DataSettings } from "../../config/data-schema.ts";
import { cleanLabels } from "../../data/clean-labels.ts";
import type { CleanReport } from "../../data/clean-report.ts";
import { LABEL_COLUMNS } from "../../data/judge-block.ts";
import { openTable } from "../../data/table.ts";
import { checkSettings, readOptions, refuseOverwrite, siblingTable, type TableJob } from "./table-job.ts";

export interface CleanOptions extends TableJob {
  readonly input: string;
  readonly output: string;
  /** Where the rows that are dropped go; by default `NAME-dropped.csv` beside the output. */
  readonly dropped?: string;
  readonly settings: DataSettings["clean"];
}

export interface CleanedTable extends CleanReport {
  readonly file: string;
  readonly dropped_file: string;
}

/**
 * Cleans the labels of a training table by the rules and policies of the settings; every row that is dropped lands in a
 * file beside the output with its line and the rule. @throws InputError when a file is not as it should be or cannot be written
 */
export async function cleanTable({ input, output, dropped, settings, ...job }: CleanOptions): Promise<CleanedTable> {
  const files = { output, dropped: dropped ?? siblingTable(output, "dropped") };
  await refuseOverwrite([input], [files.output, files.dropped]);
  const { clean } = checkSettings({ clean: settings });
  const { limits, ...policies } = clean;
  const limitsOf = readLimits(limits);
  const table = await openTable(input, LABEL_COLUMNS, readOptions(job));
  const report = await cleanLabels(table, files, policies, limitsOf);
  return { file: files.output, dropped_file: files.dropped, ...report };
}
