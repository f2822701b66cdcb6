import { writeExtendedJson } from "../formats/extended-json.ts";
import { RunImage, RunTable } from "./run-media.ts";
import type { Leaf } from "./run-summary.ts";

export type RunMedia = RunImage | RunTable | readonly RunImage[];

/** What a row holds under a name; objects are rows within the row. */
export type RunValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | RunMedia
  | readonly (string | number | boolean | null)[]
  | { readonly [name: string]: RunValue };

export type RunRow = Readonly<Record<string, RunValue>>;

/**
 * The values of a row with the names that lead to each.
 * @param keep writes what a picture or table needs and gives what the row has of it; undefined: it is left out
 */
export function leavesOf(
  row: RunRow,
  keep: (media: RunMedia, name: string) => RunRow | undefined,
  above: readonly string[] = [],
): readonly Leaf[] {
  return Object.entries(row).flatMap(([name, value]): readonly Leaf[] => {
    if (value === undefined) return [];
    const path = [...above, name];
    if (isMedia(value)) return leavesOf(keep(value, path.join("/")) ?? {}, keep, path);
    const isBranch = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isBranch && Object.keys(value).length > 0) return leavesOf(value as RunRow, keep, path);
    return [{ path, json: writeExtendedJson(value) }];
  });
}

const isMedia = (value: RunValue): value is RunMedia =>
  value instanceof RunImage || value instanceof RunTable || (Array.isArray(value) && value[0] instanceof RunImage);
