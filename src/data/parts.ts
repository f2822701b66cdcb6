import { basename, join } from "node:path";
import { z } from "zod";
import { readJson } from "../formats/json.ts";
import { InputError } from "../util/errors.ts";
import { makeOutputFolder, writeFileAtomic } from "../util/files.ts";
import { linksOf } from "./image-links.ts";
import { countRuns, type IndexRuns, toRuns } from "./index-runs.ts";
import type { Rows, TableFile } from "./table.ts";
import { createTable, type TableWriter, tableEnding } from "./table-write.ts";

const MAX_ROWS = 1e9;
const indexRuns = z
  .array(z.tuple([z.int().min(0), z.int().min(0)]))
  .refine((runs) => runs.every(([first, last]) => first <= last) && countRuns(runs) <= MAX_ROWS, {
    error: "must be runs of indices, the first of each not above its last",
  });

const PartsManifestSchema = z.strictObject({
  source: z.string(),
  rows: z.int().min(1),
  /** Of the whole table, in its order. */
  indices: indexRuns,
  parts: z
    .array(z.strictObject({ file: z.string(), rows: z.int().min(1), images: z.int().min(1), indices: indexRuns }))
    .min(1),
});

/** What belongs to which part of a table. */
export type PartsManifest = z.output<typeof PartsManifestSchema>;

/** @throws InputError when the file is missing or no such manifest */
export function readPartsManifest(path: string): Promise<PartsManifest> {
  return readJson(path, PartsManifestSchema, "amlc data parts writes it beside the parts");
}

/**
 * Cuts a table (`index`, `image_link`) into files for answering side by side: `NAME-part-1-of-4.csv`, ... and
 * `NAME-parts.json` in `folder`, of the format of the table. All rows of an image are in one part, so that it is fetched and
 * decoded once; parts follow the table's order and differ by less than the rows of one image.
 * @throws InputError as openTable; when an index is no whole number or stands twice, or there are fewer images than parts
 */
export async function makeParts(
  table: TableFile,
  count: number,
  folder: string,
): Promise<{ readonly manifest: PartsManifest; readonly path: string }> {
  const { indices, partOf } = await planParts(table, count);
  const { stem, ending } = tableEnding(basename(table.path));
  const files = Array.from({ length: count }, (_, part) => `${stem}-part-${part + 1}-of-${count}${ending}`);
  await makeOutputFolder(folder);
  const found = await writeParts(
    table,
    files.map((file) => join(folder, file)),
    partOf,
  );
  const manifest = {
    ...{ source: basename(table.path), rows: indices.length, indices: mutable(toRuns(indices)) },
    parts: found.map(({ indices: own, images }, part) => ({
      ...{ file: files[part], rows: own.length, images, indices: mutable(toRuns(own)) },
    })),
  };
  const path = join(folder, `${stem}-parts.json`);
  await writeFileAtomic(path, `${JSON.stringify(manifest)}\n`);
  return { manifest, path };
}

const mutable = (runs: IndexRuns) => runs.map(([first, last]): [number, number] => [first, last]);

/** The part of each image, by walking along the images until a part has its share of the rows. */
async function planParts(table: TableFile, count: number) {
  const indices: number[] = [];
  const rowsOf = new Map<string, number>();
  const seen = new Set<number>();
  for await (const block of table.blocks()) {
    for (const link of linksOf(block)) rowsOf.set(link, (rowsOf.get(link) ?? 0) + 1);
    for (const [i, index] of readIndices(table.path, block).entries()) {
      if (seen.has(index)) throw indexAgain(table.path, block.placeOf(i), index);
      seen.add(index);
      indices.push(index);
    }
  }
  if (rowsOf.size < count) {
    throw new InputError(`${table.path}: has ${rowsOf.size} images, too few for ${count} parts`, {
      hint: rowsOf.size === 0 ? "the table has no rows" : `make at most --parts ${rowsOf.size}`,
    });
  }
  return { indices, partOf: assign(rowsOf, indices.length, count) };
}

const indexAgain = (path: string, place: string, index: number) =>
  new InputError(`${path}: ${place}: index ${index} stands again`, {
    hint: "each index stands once; remove one of the rows",
  });

/** An image goes where the middle of its rows lies; each part gets at least one. */
function assign(rowsOf: ReadonlyMap<string, number>, total: number, count: number): ReadonlyMap<string, number> {
  const partOf = new Map<string, number>();
  let [before, last, left] = [0, -1, rowsOf.size];
  for (const [link, rows] of rowsOf) {
    const wanted = Math.floor(((before + rows / 2) * count) / total);
    const least = Math.max(last, count - left); // no part at the end may stay empty
    last = Math.max(least, Math.min(wanted, last + 1, count - 1));
    partOf.set(link, last);
    before += rows;
    left--;
  }
  return partOf;
}

function readIndices(path: string, block: Rows): number[] {
  return block.column("index").map((cell, i) => {
    if (/^\d{1,15}$/.test(cell.trim())) return Number(cell);
    throw new InputError(`${path}: ${block.placeOf(i)}: index "${cell.slice(0, 60)}" is no whole number`);
  });
}

async function writeParts(table: TableFile, paths: readonly string[], partOf: ReadonlyMap<string, number>) {
  const writers: TableWriter[] = [];
  const found = paths.map(() => ({ indices: [] as number[], links: new Set<string>() }));
  try {
    for (const path of paths) writers.push(await createTable(path, table.columns));
    for await (const block of table.blocks()) {
      const links = linksOf(block);
      const indices = readIndices(table.path, block);
      const rows: number[][] = paths.map(() => []);
      links.forEach((link, i) => void rows[partOf.get(link)!].push(i));
      for (const [part, own] of rows.entries()) {
        await writers[part].copy(block, own);
        for (const i of own) {
          found[part].indices.push(indices[i]);
          found[part].links.add(links[i]);
        }
      }
    }
    for (const writer of writers) await writer.commit();
  } finally {
    for (const writer of writers) await writer.discard();
  }
  return found.map(({ indices, links }) => ({ indices, images: links.size }));
}
