import { dirname } from "node:path";
import { joinParts } from "../../data/join-parts.ts";
import { makeParts, readPartsManifest } from "../../data/parts.ts";
import { openTable } from "../../data/table.ts";
import { checkSettings, readOptions, refuseOverwrite, type TableJob } from "./table-job.ts";

export interface PartsOptions extends TableJob {
  readonly input: string;
  readonly parts: number;
  /** Folder of the parts; by default that of the input. */
  readonly folder?: string;
}

export interface PartsReport {
  readonly manifest: string;
  readonly rows: number;
  readonly parts: readonly { readonly file: string; readonly rows: number; readonly images: number }[];
}

/** Cuts a test table into parts that are answered side by side. @throws InputError as makeParts */
export async function cutParts({ input, parts, folder, ...job }: PartsOptions): Promise<PartsReport> {
  checkSettings({ parts: { parts } });
  const table = await openTable(input, ["index", "image_link"], readOptions(job));
  const { manifest, path } = await makeParts(table, parts, folder ?? dirname(input));
  return {
    manifest: path,
    rows: manifest.rows,
    parts: manifest.parts.map(({ file, rows, images }) => ({ file, rows, images })),
  };
}

export interface JoinOptions {
  /** Answers to the parts, or the parts themselves. */
  readonly files: readonly string[];
  /** The manifest that {@link cutParts} wrote. */
  readonly manifest: string;
  readonly output: string;
}

/** Puts answers to parts together. @throws InputError as joinParts */
export async function joinTables({ files, manifest, output }: JoinOptions): Promise<{ file: string; rows: number }> {
  await refuseOverwrite([manifest, ...files], [output]);
  return { file: output, rows: await joinParts(await readPartsManifest(manifest), files, output) };
}
