import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chooseRows, runPage } from "../report/run-page.ts";
import { openRun } from "../runs/folder.ts";
import { writeFileAtomic } from "../util/files.ts";
import { readRun } from "./read-run.ts";
import { tableReader } from "./split-rows.ts";
import { embedImages } from "./thumbnails.ts";

export interface ReportOptions {
  /** Name or path of a run. */
  readonly run: string;
  /** As of an evaluation: train, val, all, or a CSV file. */
  readonly split?: string;
  /** By default `report.html` in the run's folder. */
  readonly html?: string;
}

export interface RunReport {
  /** Path of the page. */
  readonly html: string;
  /** What lacks, and what to do about it. */
  readonly notes: readonly string[];
}

/** Points of the curve, some third of them. */
const DETAIL = 400;
const HISTORY_BYTES = 2 ** 27;

/** Writes a run down as one page: curve, scores, confused units, rows, configuration, environment. @throws InputError */
export async function reportRun({ run: nameOrPath, split = "val", html }: ReportOptions): Promise<RunReport> {
  const run = openRun(nameOrPath);
  const notes: string[] = [];
  const record = await readRun(run, {
    name: run.name,
    split,
    detail: DETAIL,
    mostBytes: HISTORY_BYTES,
    read: tableReader(),
    note: (text) => void notes.push(text),
  });
  const shown = chooseRows(record.rows ?? []);
  const images = await embedImages([...shown.wrong, ...shown.right]);
  const file = html ?? join(run.path, "report.html");
  const environment = await readEnvironment(run.environment);
  if (environment === undefined) notes.push(`${run.environment}: cannot be read`);
  await writeFileAtomic(file, await runPage({ record, split, notes, shown, images, environment }));
  return { html: file, notes };
}

async function readEnvironment(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}
