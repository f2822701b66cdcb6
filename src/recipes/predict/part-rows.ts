import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fromRuns } from "../../data/index-runs.ts";
import { makeParts, type PartsManifest, readPartsManifest } from "../../data/parts.ts";
import type { Unowned } from "../../data/photograph-owners.ts";
import { openTable, type ReadOptions } from "../../data/table.ts";
import { tableEnding } from "../../data/table-write.ts";
import { InputError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.ts";
import { type Entry, type Fault, isFault, readAnswerLog } from "./answer-log.ts";
import { imagePathOf, imageStateOf } from "./image-state.ts";
import { workFiles } from "./plan.ts";
import type { TestRow, TestTable } from "./test-table.ts";

export interface CutTable {
  readonly manifest: PartsManifest;
  /** Of the manifest. */
  readonly path: string;
}

/** The parts of a table in the folder of a plan, cut now unless they are there. @throws InputError as makeParts */
export async function cutTable(test: string, parts: number, work: string, options: ReadOptions): Promise<CutTable> {
  const { tables } = workFiles(work);
  const path = join(tables, `${tableEnding(basename(test)).stem}-parts.json`);
  if (existsSync(path)) return { manifest: await readPartsManifest(path), path };
  return makeParts(await openTable(test, ["index", "image_link"], options), parts, tables);
}

/**
 * Puts the manifest beside the answers to one part, where joining all of them looks for it.
 * @throws InputError when another one is there
 */
export async function copyManifest({ path }: CutTable, output: string): Promise<string> {
  const [copy, text] = [join(dirname(output), basename(path)), await readFile(path, "utf8")];
  if (!existsSync(copy)) await writeFileAtomic(copy, text);
  else if ((await readFile(copy, "utf8")) !== text) {
    throw new InputError(`${copy}: is of another table, or of another number of parts`, {
      hint: "put -o into another folder, or delete that file",
    });
  }
  return copy;
}

/** A part with what became of its rows so far. */
export interface PartRows {
  /** From 1. */
  readonly part: number;
  readonly table: string;
  readonly log: string;
  readonly rows: readonly TestRow[];
  readonly entries: ReadonlyMap<number, Entry>;
  /** Indices of those rows that are still to be answered. */
  readonly open: readonly number[];
  /** What is to be said of those open rows whose photograph's file is that of another link. */
  readonly unowned: readonly Fault[];
}

/**
 * Parts as they stand in the folder of a plan. A row whose photograph was missing or broken is open again when its file has
 * changed since, and any row when the file has come to be of another link. @throws InputError when a log is damaged
 */
export async function readParts(
  { rows }: TestTable,
  { manifest }: CutTable,
  work: string,
  { images, unowned, only }: PhotographSource & { readonly only: number | undefined },
): Promise<readonly PartRows[]> {
  const files = workFiles(work);
  const rowOf = new Map(rows.map((row) => [row.index, row]));
  const wanted = manifest.parts.map((part, i) => ({ ...part, part: i + 1 }));
  return Promise.all(
    wanted
      .filter(({ part }) => only === undefined || part === only)
      .map(async ({ part, file, indices }) => {
        const own = Array.from(fromRuns(indices), (index) => rowOf.get(index)!);
        const log = files.log(part);
        const entries = await readAnswerLog(log);
        const open: TestRow[] = [];
        for (const row of own) if (await isOpen(row, entries.get(row.index), { images, unowned })) open.push(row);
        return {
          ...{ part, table: join(files.tables, file), log, rows: own, entries },
          open: open.map(({ index }) => index),
          unowned: open.flatMap((row) => unownedFault(row, unowned) ?? []),
        };
      }),
  );
}

/** The photographs of a test table. */
interface PhotographSource {
  /** Their folder. */
  readonly images: string;
  readonly unowned: Unowned;
}

async function isOpen(row: TestRow, entry: Entry | undefined, { images, unowned }: PhotographSource): Promise<boolean> {
  if (entry === undefined) return true;
  const fault = unownedFault(row, unowned);
  if (fault) return !isFault(entry) || entry.fault !== fault.fault;
  return isFault(entry) && (await imageStateOf(images, row.link)) !== entry.image;
}

/** There is no image of such a row, so that it is open again once the file that is there is its own. */
function unownedFault({ index, link }: TestRow, unowned: Unowned): Fault | undefined {
  const reason = unowned.get(link);
  return reason === undefined ? undefined : { index, fault: reason, image: null };
}

/**
 * @param why told besides: reasons, a line each, and what to do
 * @throws InputError when not one of the rows has its photograph: then their folder is another one
 */
export function requirePhotographs({ path, rows }: TestTable, images: string, why?: WhyNone): void {
  if (rows.some(({ link }) => existsSync(imagePathOf(images, link) ?? ""))) return;
  const reasons = why?.reasons.map((reason) => `\n  ${reason}`).join("") ?? "";
  throw new InputError(`${path}: not one of its ${rows.length} rows has its photograph in ${images}${reasons}`, {
    hint: why?.hint ?? `name their folder by --images; amlc data download ${path} --images FOLDER fetches them`,
  });
}

interface WhyNone {
  readonly reasons: readonly string[];
  readonly hint: string;
}
