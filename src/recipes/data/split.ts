import { dirname } from "node:path";
import type { DataSettings } from "../../config/data-schema.ts";
import { linksOf } from "../../data/image-links.ts";
import { chooseSplit, type Side } from "../../data/split.ts";
import { openTable } from "../../data/table.ts";
import { createTable, type TableWriter } from "../../data/table-write.ts";
import { makeOutputFolder } from "../../util/files.ts";
import { textHash } from "../../util/hash.ts";
import { NumberList } from "../../util/number-list.ts";
import { checkSettings, checkShare, readOptions, refuseOverwrite, siblingTable, type TableJob } from "./table-job.ts";

export interface SplitOptions extends TableJob {
  readonly input: string;
  readonly settings: DataSettings["split"];
  /** Share of the images that are val, or a table that has them; by default the table's column `split`, or the settings. */
  readonly val?: number | string;
  /** Folder of the two files; by default that of the input. */
  readonly folder?: string;
}

export interface SideReport {
  readonly file: string;
  readonly rows: number;
  readonly images: number;
}

export interface SplitReport {
  /** In words. */
  readonly rule: string;
  readonly train: SideReport;
  readonly val: SideReport;
}

/**
 * Writes the rows of a table to `NAME-train.csv` and `NAME-val.csv`, all rows of an image to the same.
 * @throws InputError when a file is not as it should be or cannot be written
 */
export async function splitTable({ input, val, folder, ...options }: SplitOptions): Promise<SplitReport> {
  const { settings: unchecked, ...job } = options;
  const { split: settings } = checkSettings({ split: unchecked });
  checkShare(val);
  const table = await openTable(input, ["image_link"], readOptions(job));
  const split = await chooseSplit(table, settings, val);
  const home = folder ?? dirname(input);
  await makeOutputFolder(home);
  const fileOf = (side: Side) => siblingTable(input, side, home);
  await refuseOverwrite([input, typeof val === "string" ? val : undefined], [fileOf("train"), fileOf("val")]);
  const sides = ["train", "val"] as const;
  const hash = textHash("link");
  const writers: TableWriter[] = [];
  const found = sides.map(() => ({ rows: 0, links: new NumberList() }));
  try {
    for (const side of sides) writers.push(await createTable(fileOf(side), table.columns));
    for await (const block of table.blocks()) {
      const sideOf = split.sidesOf(block);
      const links = linksOf(block);
      for (const [s, side] of sides.entries()) {
        const rows = sideOf.flatMap((own, i) => (own === side ? [i] : []));
        await writers[s].copy(block, rows);
        found[s].rows += rows.length;
        for (const i of rows) found[s].links.push(hash(links[i]));
      }
    }
    for (const writer of writers) await writer.commit();
  } finally {
    for (const writer of writers) await writer.discard();
  }
  const [train, validation] = sides.map((side, s) => ({
    file: fileOf(side),
    rows: found[s].rows,
    images: found[s].links.countDistinct(),
  }));
  return { rule: split.rule, train, val: validation };
}
