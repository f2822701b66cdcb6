import { readRun } from "../recipes/read-run.ts";
import { tableReader } from "../recipes/split-rows.ts";
import { embedImages } from "../recipes/thumbnails.ts";
import { comparePage } from "../report/compare-page.ts";
import { compareRuns } from "../report/comparison.ts";
import { html } from "../report/html.ts";
import { page } from "../report/page.ts";
import type { RunRecord } from "../report/run-record.ts";
import { type Fault, WebFault } from "./fault.ts";
import type { WatchedRun } from "./watched-run.ts";

/** Points of a run's curve, and of all histories together what is read in a second. */
const DETAIL = 200;
const HISTORY_BYTES = 2 ** 26;

/**
 * The page of `amlc compare`, for runs of one folder: each of the others is tested against the first.
 * @throws InputError as that does; WebFault when a file of a run is a link, for that would be followed
 */
export async function compareWatched(runs: readonly WatchedRun[], split: string): Promise<string> {
  for (const { run, files } of runs) {
    if (files.links.length === 0) continue;
    throw new WebFault(400, `${run.name}: ${files.links[0]} is a link`, "put a copy of the file in its place");
  }
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  const shared = { split, detail: DETAIL, read: tableReader(), note, mostBytes: HISTORY_BYTES / runs.length };
  const records: RunRecord[] = [];
  for (const { run } of runs) records.push(await readRun(run, { name: run.name, ...shared }));
  const comparison = compareRuns(records, split, notes);
  const images = await embedImages(comparison.disagreements.shown.map(({ row }) => row));
  return comparePage(comparison, records, images);
}

/** Why there is no such page, as a page: people open its address. */
export function faultPage({ message, hint }: Fault): string {
  const body = [html`<p>${message}</p>\n`, ...(hint === null ? [] : [html`<p class="note">${hint}</p>\n`])];
  return page({ title: "Not compared", body });
}

/** What these pages need: styles of its own, and pictures in it. */
export const COMPARE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
