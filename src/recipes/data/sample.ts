import { existsSync } from "node:fs";
import type { DataSettings } from "../../config/data-schema.ts";
import { drawSample, type SampleShare } from "../../data/sample.ts";
import { chooseSplit } from "../../data/split.ts";
import { openTable, type TableFile } from "../../data/table.ts";
import { createTable } from "../../data/table-write.ts";
import { readOptions, refuseOverwrite, siblingTable, type TableJob } from "./table-job.ts";

export interface SampleOptions extends TableJob {
  readonly input: string;
  readonly output: string;
  readonly settings: Pick<DataSettings, "sample" | "split">;
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
  /** Rows, shares and groups before and after. */
  readonly entities: readonly SampleShare[];
  readonly units: readonly SampleShare[];
}

/**
 * Draws a balanced sample of the train side of a table and writes it in the order of the sample: its first n rows are the
 * sample of size n. @throws InputError when there are too few rows, or a file is not as it should be
 */
export async function sampleTable({ input, output, settings, val, ...job }: SampleOptions): Promise<SampleReport> {
  await refuseOverwrite(input, output);
  const needed = ["image_link", "entity_name", "entity_value"];
  const table = await openTable(input, needed, readOptions(job));
  const split = await chooseSplit(table, settings.split, val ?? leftBySplit(table));
  const { rows, candidates, entities, units } = await drawSample(table, split, settings.sample);
  await writeRows(table, rows, output);
  return {
    ...{ file: output, rows: rows.length, candidates, split: split.rule, seed: settings.sample.seed },
    ...{ entities, units },
  };
}

function leftBySplit({ path, columns }: TableFile): string | undefined {
  const val = siblingTable(path, "val");
  return !columns.includes("split") && existsSync(val) ? val : undefined;
}

/** Writes rows by their numbers, in that order. */
async function writeRows(table: TableFile, rows: readonly number[], output: string): Promise<void> {
  const placeOf = new Map(rows.map((row, place) => [row, place]));
  const drawn = new Array<readonly string[]>(rows.length);
  let first = 0;
  for await (const block of table.blocks()) {
    for (let i = 0; i < block.rowCount; i++) {
      const place = placeOf.get(first + i);
      if (place !== undefined) drawn[place] = table.columns.map((_, c) => block.cell(c, i));
    }
    first += block.rowCount;
  }
  const writer = await createTable(output, table.columns);
  await writer.write(table.columns.map((_, c) => drawn.map((cells) => cells[c])));
  await writer.commit();
}
