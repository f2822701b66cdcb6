import { join } from "node:path";
import { ENTITIES, type Entity, isEntity } from "../challenge/entities.ts";
import { limitConcurrency } from "../util/concurrency.ts";
import { suggestName } from "../util/near-name.ts";
import { type BadRow, BadRowError } from "./bad-rows.ts";
import { type ImageSize, readImageSize } from "./image-file.ts";
import { linksOf } from "./image-links.ts";
import { imageName } from "./image-name.ts";
import { findUnowned, type Unowned } from "./photograph-owners.ts";
import { readTable, type Table } from "./table.ts";

/** One question about one photograph. */
export interface Sample {
  /** Column `index`, or else the number of the row, from 0. */
  readonly index: number;
  readonly line: number;
  readonly imageLink: string;
  readonly imagePath: string;
  readonly imageSize: ImageSize;
  readonly groupId: string;
  readonly entity: Entity;
  /** The true answer, without spaces at its ends; "" where there is none. */
  readonly value: string;
  /** Column `prompt`: what is asked, word for word; "" where the configuration's prompt is asked. */
  readonly prompt: string;
}

export interface SampleSource {
  readonly csv: string;
  /** Folder of images, named by the last part of a row's `image_link`. */
  readonly images: string;
  /** Whether the column `entity_value` must be there. */
  readonly requireValue: boolean;
  /** Links whose photograph is that of another one, where that is known; else the table and its folder tell. */
  readonly unowned?: Unowned;
}

/** Headers read at a time; each is a file opened and a few kilobytes. */
const CHECKS_AT_ONCE = 16;

/**
 * Reads the rows of a table (`image_link`, `entity_name`; `entity_value`, `group_id`, `index`, `prompt`) and looks at the header
 * of each image, once for all rows that share it. A row with an image that is missing, broken or another link's, an unknown
 * entity or an odd index lands in `bad`. @throws InputError when the file itself is not as {@link readTable} wants it.
 */
export async function loadSamples(source: SampleSource): Promise<{ samples: Sample[]; bad: BadRow[] }> {
  const needed = ["image_link", "entity_name", ...(source.requireValue ? ["entity_value"] : [])];
  const table = await readTable(source.csv, needed);
  const unowned = source.unowned ?? (await findUnowned(linksOf(table), source.images));
  const read = rowReader(table, source.images, unowned);
  const limit = limitConcurrency(CHECKS_AT_ONCE);
  const checks = new Map<string, Promise<ImageSize>>();
  const check = (path: string) => {
    if (!checks.has(path))
      checks.set(
        path,
        limit(() => readImageSize(path)),
      );
    return checks.get(path)!;
  };
  const load = async (row: number): Promise<Sample> => {
    const sample = read(row);
    return { ...sample, imageSize: await check(sample.imagePath) };
  };
  const settled = await Promise.allSettled(Array.from({ length: table.rowCount }, (_, row) => load(row)));
  const samples = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const bad = settled.flatMap((result, i) =>
    result.status === "rejected" ? [{ line: table.lineOf(i), reason: reasonOf(result.reason) }] : [],
  );
  return { samples, bad };
}

function reasonOf(error: unknown): string {
  if (error instanceof BadRowError) return error.message;
  throw error;
}

/** Columns that are not there read as "". */
function rowReader(table: Table, images: string, unowned: Unowned): (row: number) => Omit<Sample, "imageSize"> {
  const cellsOf = (name: string) => (table.columns.includes(name) ? table.column(name) : undefined);
  const [links, entities] = [linksOf(table), table.column("entity_name")];
  const [groups, values, indices] = [cellsOf("group_id"), cellsOf("entity_value"), cellsOf("index")];
  const prompts = cellsOf("prompt");
  return (row) => {
    const [imageLink, entity] = [links[row], entities[row]];
    if (!isEntity(entity)) {
      throw new BadRowError(`unknown entity_name "${entity.slice(0, 60)}"; ${suggestName(entity, ENTITIES)}`);
    }
    const notItsOwn = unowned.get(imageLink);
    if (notItsOwn !== undefined) throw new BadRowError(notItsOwn);
    const imagePath = join(images, imageName(imageLink));
    const [groupId, value] = [groups?.[row] ?? "", values?.[row].trim() ?? ""];
    return {
      index: toIndex(indices?.[row], row),
      line: table.lineOf(row),
      imageLink,
      imagePath,
      groupId,
      entity,
      value,
      prompt: prompts?.[row].trim() ?? "",
    };
  };
}

function toIndex(cell: string | undefined, row: number): number {
  if (cell === undefined) return row;
  if (!/^\d{1,15}$/.test(cell.trim())) throw new BadRowError(`index "${cell.slice(0, 60)}" is no whole number`);
  return Number(cell);
}
