import { join } from "node:path";
import { ENTITIES, type Entity, isEntity } from "../challenge/entities.ts";
import { limitConcurrency } from "../util/concurrency.ts";
import { suggestName } from "../util/near-name.ts";
import { type BadRow, BadRowError } from "./bad-rows.ts";
import { type CsvRow, readCsv } from "./csv.ts";
import { readImageSize } from "./image-file.ts";

/** One question about one photograph. */
export interface Sample {
  /** Column `index`, or else the number of the row, from 0. */
  readonly index: number;
  readonly line: number;
  readonly imageLink: string;
  readonly imagePath: string;
  readonly groupId: string;
  readonly entity: Entity;
  /** The true answer, without spaces at its ends; "" where there is none. */
  readonly value: string;
}

export interface SampleSource {
  readonly csv: string;
  /** Folder of images, named by the last part of a row's `image_link`. */
  readonly images: string;
  /** Whether the column `entity_value` must be there. */
  readonly requireValue: boolean;
}

/** Headers read at a time; each is a file opened and a few kilobytes. */
const CHECKS_AT_ONCE = 16;

/**
 * Reads the rows of a CSV file (`image_link`, `entity_name`; `entity_value`, `group_id`, `index`) and looks at the header
 * of each image, once for all rows that share it. A row with an image that is missing or broken, an unknown entity or an
 * odd index lands in `bad`. @throws InputError when the CSV file itself is not as {@link readCsv} wants it.
 */
export async function loadSamples(source: SampleSource): Promise<{ samples: Sample[]; bad: BadRow[] }> {
  const needed = ["image_link", "entity_name", ...(source.requireValue ? ["entity_value"] : [])];
  const { rows } = await readCsv(source.csv, needed);
  const limit = limitConcurrency(CHECKS_AT_ONCE);
  const checks = new Map<string, Promise<unknown>>();
  const check = (path: string) => {
    if (!checks.has(path))
      checks.set(
        path,
        limit(() => readImageSize(path)),
      );
    return checks.get(path)!;
  };
  const load = async (row: CsvRow, i: number): Promise<Sample> => {
    const sample = toSample(row, i, source.images);
    await check(sample.imagePath);
    return sample;
  };
  const settled = await Promise.allSettled(rows.map(load));
  const samples = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const bad = settled.flatMap((result, i) =>
    result.status === "rejected" ? [{ line: rows[i].line, reason: reasonOf(result.reason) }] : [],
  );
  return { samples, bad };
}

function reasonOf(error: unknown): string {
  if (error instanceof BadRowError) return error.message;
  throw error;
}

function toSample({ line, cells }: CsvRow, row: number, images: string): Sample {
  const { image_link: imageLink, group_id: groupId = "", entity_name: entity, entity_value: value = "" } = cells;
  if (!isEntity(entity)) {
    throw new BadRowError(`unknown entity_name "${entity.slice(0, 60)}"; ${suggestName(entity, ENTITIES)}`);
  }
  const imagePath = join(images, imageName(imageLink));
  return { index: toIndex(cells.index, row), line, imageLink, imagePath, groupId, entity, value: value.trim() };
}

function toIndex(cell: string | undefined, row: number): number {
  if (cell === undefined) return row;
  if (!/^\d{1,15}$/.test(cell.trim())) throw new BadRowError(`index "${cell.slice(0, 60)}" is no whole number`);
  return Number(cell);
}

/** The last part of a link's path, decoded: a plain file name, so that the file lies in the folder of images. */
export function imageName(link: string): string {
  const last = link
    .trim()
    .replace(/[?#].*$/s, "")
    .split("/")
    .at(-1)!;
  const name = decode(last) ?? last;
  const plain = name !== "" && name !== "." && name !== ".." && !/[/\\:\0]/.test(name) && name.length <= 255;
  if (!plain) throw new BadRowError(`image_link "${link.slice(0, 100)}" does not end in the name of a file`);
  return name;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined; // a per cent sign that is one
  }
}
