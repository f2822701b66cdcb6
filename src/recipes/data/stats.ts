import { basename } from "node:path";
import { type TableStats, tableStats } from "../../data/stats.ts";
import { openTable } from "../../data/table.ts";
import { writeFileAtomic } from "../../util/files.ts";
import { readOptions, refuseOverwrite, type TableJob } from "./table-job.ts";

export interface StatsOptions extends TableJob {
  /** A table with the columns `image_link` and `entity_name`. */
  readonly input: string;
  /** Where a page of tables and charts goes; none without it. */
  readonly html?: string;
}

/**
 * Counts what is in a table of training or test rows, and writes it down as one HTML page when that is asked for.
 * @throws InputError when the table is not as it should be, or the page cannot be written
 */
export async function dataStats({ input, html, ...job }: StatsOptions): Promise<TableStats> {
  if (html !== undefined) await refuseOverwrite([input], [html]);
  const stats = await tableStats(await openTable(input, ["image_link", "entity_name"], readOptions(job)));
  if (html === undefined) return stats;
  const { dataStatsHtml } = await import("../../report/data-stats.ts");
  await writeFileAtomic(html, await dataStatsHtml(stats, basename(input)));
  return stats;
}
