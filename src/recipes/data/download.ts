import type { DataSettings } from "../../config/data-schema.ts";
import { type DownloadReport, downloadImages } from "../../data/download/download.ts";
import { linksOf } from "../../data/image-links.ts";
import { openTable } from "../../data/table.ts";
import { readOptions, type TableJob } from "./table-job.ts";

export interface DownloadTableOptions extends TableJob {
  /** A table with the column `image_link`. */
  readonly input: string;
  readonly images: string;
  readonly settings: DataSettings["download"];
}

/** Fetches the photographs of a table's rows into a folder. @throws InputError as openTable and downloadImages */
export async function downloadTable({
  input,
  images,
  settings,
  ...job
}: DownloadTableOptions): Promise<DownloadReport> {
  const table = await openTable(input, ["image_link"], readOptions(job));
  const links = new Set<string>();
  for await (const block of table.blocks()) for (const link of linksOf(block)) links.add(link);
  return downloadImages({ links: [...links], folder: images, settings, ...job });
}
