import { join } from "node:path";
import { resolveAsset } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { linksOf } from "../data/image-links.ts";
import { imageName } from "../data/image-name.ts";
import { promptOf } from "../data/prompt.ts";
import { readTable, type Table } from "../data/table.ts";
import { type AnsweredRow, valueKey } from "../report/run-record.ts";
import type { RunFolder } from "../runs/folder.ts";
import { fileOfSplit, tableOf } from "./rows.ts";

/** Reads tables, each once. */
export function tableReader(): (path: string) => Promise<Table> {
  const read = new Map<string, Promise<Table>>();
  return (path) => {
    if (!read.has(path)) read.set(path, readTable(path));
    return read.get(path)!;
  };
}

export type TableReader = ReturnType<typeof tableReader>;

/** Of tables that were read: runs that are compared often have one. */
const knownValues = new WeakMap<Table, ReadonlySet<string>>();

/** Entity and value of each training row of a run, and how many rows there are. */
export async function readTrainingValues(config: Config, read: TableReader) {
  const table = await read(await tableOf(config.data.train, config));
  const values = knownValues.get(table) ?? valuesOf(table);
  knownValues.set(table, values);
  return { rows: table.rowCount, values };
}

function valuesOf(table: Table): ReadonlySet<string> {
  const [entities, values] = [table.column("entity_name"), table.column("entity_value")];
  return new Set(entities.map((entity, row) => valueKey(entity, values[row])));
}

/** A run's predictions for a split. @throws InputError when they cannot be read */
export async function readPredictions(run: RunFolder, split: string): Promise<AnsweredRow[]> {
  const table = await readTable(run.predictions(split), ["index", "entity_name", "prediction", "truth"]);
  const [indices, entities] = [table.column("index"), table.column("entity_name")];
  const [answers, truths] = [table.column("prediction"), table.column("truth")];
  return indices.map((index, row) => {
    const entity = entities[row];
    const [prediction, truth] = [answers[row], truths[row]];
    return { index, entity, prediction, truth, question: entity.replaceAll("_", " "), link: null, image: null };
  });
}

/** The same rows with question, link and photograph. @throws InputError when the split's table cannot be read */
export async function findSources(
  rows: readonly AnsweredRow[],
  split: string,
  config: Config,
  read: TableReader,
): Promise<AnsweredRow[]> {
  const sources = sourcesOf(await read(await tableOf(fileOfSplit(split, config), config)));
  const images = resolveAsset(config.data.images);
  return rows.map((row) => {
    const source = sources.get(row.index);
    const question = (prompt: string) => promptOf({ prompt, entity: row.entity }, config.data.prompt);
    // An index alone proves nothing: the table may have changed since.
    if (source?.entity !== row.entity || source.truth !== row.truth) return { ...row, question: question("") };
    const { link, prompt } = source;
    return { ...row, question: question(prompt), link, image: imageOf(images, link) };
  });
}

interface Source {
  readonly link: string;
  readonly entity: string;
  readonly truth: string;
  /** What was asked, word for word; "" where the configuration's prompt was. */
  readonly prompt: string;
}

function sourcesOf(table: Table): Map<string, Source> {
  const [links, entities, values] = [linksOf(table), table.column("entity_name"), table.column("entity_value")];
  const indices = table.columns.includes("index") ? table.column("index") : links.map((_, row) => String(row));
  const prompts = table.columns.includes("prompt") ? table.column("prompt") : undefined;
  const sourceOf = (row: number): Source => {
    const [truth, prompt] = [values[row].trim(), prompts?.[row].trim() ?? ""];
    return { link: links[row], entity: entities[row], truth, prompt };
  };
  return new Map(indices.map((index, row) => [index.trim(), sourceOf(row)]));
}

function imageOf(folder: string, link: string): string | null {
  try {
    return join(folder, imageName(link));
  } catch {
    return null;
  }
}
