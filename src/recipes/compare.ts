import { realpathSync } from "node:fs";
import { join } from "node:path";
import { type Comparison, compareRuns } from "../report/comparison.ts";
import type { RunRecord } from "../report/run-record.ts";
import { openRun, type RunFolder } from "../runs/folder.ts";
import { InputError } from "../util/errors.ts";
import { makeOutputFolder, writeFileAtomic } from "../util/files.ts";
import { readRun } from "./read-run.ts";
import { tableReader } from "./split-rows.ts";
import { embedImages } from "./thumbnails.ts";

export interface CompareOptions {
  /** Names or paths of runs; each of the others is tested against the first. */
  readonly runs: readonly string[];
  /** As of an evaluation: train, val, all, or a CSV file. */
  readonly split?: string;
  /** Where a page of tables and charts goes; none without it. */
  readonly html?: string;
  /** Folder for each chart as an SVG file; none without it. */
  readonly svg?: string;
  /** Of the bootstrap. */
  readonly seed?: number;
}

/** Points of all curves together; a run has some hundred at least. */
const DETAIL = 4000;
/** Of all histories together: what is read in a second. */
const HISTORY_BYTES = 2 ** 26;

/**
 * Compares runs by what is in their folders: settings, curves, scores with intervals, paired tests, cost.
 * @throws InputError when a run is not there or named twice, or its history cannot be read
 */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { runs, split = "val", html, svg, seed = 0 } = options;
  const folders = runs.map((run) => openRun(run));
  refuseTwice(runs, folders);
  const notes: string[] = [];
  const read = tableReader();
  const detail = Math.max(50, Math.min(400, Math.floor(DETAIL / folders.length)));
  const records: RunRecord[] = [];
  for (const [i, name] of nameRuns(folders).entries()) {
    const note = (text: string) => void notes.push(text);
    records.push(
      await readRun(folders[i], { name, split, detail, read, note, mostBytes: HISTORY_BYTES / folders.length }),
    );
  }
  const comparison = compareRuns(records, split, notes, { seed });
  if (html !== undefined) {
    const { comparePage } = await import("../report/compare-page.ts");
    const images = await embedImages(comparison.disagreements.shown.map(({ row }) => row));
    await writeFileAtomic(html, await comparePage(comparison, records, images));
  }
  if (svg !== undefined) {
    const { drawComparison } = await import("../report/compare-figures.ts");
    await makeOutputFolder(svg);
    for (const { file, svg: text } of await drawComparison(comparison, records)) {
      await writeFileAtomic(join(svg, file), text);
    }
  }
  return comparison;
}

/** Names, or paths where two runs have one name. */
function nameRuns(folders: readonly RunFolder[]): readonly string[] {
  const names = folders.map(({ name }) => name);
  return folders.map(({ name, path }) => (names.indexOf(name) === names.lastIndexOf(name) ? name : path));
}

function refuseTwice(runs: readonly string[], folders: readonly RunFolder[]): void {
  const places = folders.map(({ path }) => realpathSync(path));
  const twice = places.findIndex((place, i) => places.indexOf(place) !== i);
  if (twice < 0) return;
  throw new InputError(`${runs[twice]}: the same run as ${runs[places.indexOf(places[twice])]}`, {
    hint: "name each run once",
  });
}
