import { type ColumnTable, op, table as toTable } from "arquero";
import { readLabel } from "../challenge/label.ts";
import type { DataSettings, Share } from "../config/data-schema.ts";
import { InputError } from "../util/errors.ts";
import { hashFraction } from "../util/hash.ts";
import { interleave } from "./interleave.ts";
import type { Split } from "./split.ts";
import type { TableFile } from "./table.ts";

type SampleSettings = DataSettings["sample"];

/** Rows before and after, of one entity or one unit of it. */
export interface SampleShare {
  readonly entity: string;
  /** Not there in the line of the whole entity. */
  readonly unit?: string;
  readonly rows: number;
  readonly taken: number;
  readonly groups: number;
  readonly groups_taken: number;
}

export interface Sample {
  /** Numbers of the rows, from 0, in the order of the sample: its first n rows are the sample of size n. */
  readonly rows: readonly number[];
  /** Rows that could be drawn. */
  readonly candidates: number;
  readonly entities: readonly SampleShare[];
  readonly units: readonly SampleShare[];
}

/**
 * Draws rows on the train side of a split, balanced over entities, within an entity over units, within a unit over
 * groups. One order of all rows follows from the seed, and the first `size` of it are the sample: so a smaller sample is
 * part of a larger one. In a group rows stand in random order (by hash, whatever their order in the file); groups are
 * interleaved to a unit, units to an entity, entities to the whole.
 * @throws InputError when there are fewer rows than are asked for
 */
export async function drawSample(file: TableFile, split: Split, settings: SampleSettings): Promise<Sample> {
  const candidates = await readCandidates(file, split, settings.seed);
  const { rows, count } = orderRows(candidates, settings);
  if (settings.size > count) throw tooFew(file.path, settings, count, candidates.chances.length);
  const taken = new Uint8Array(candidates.chances.length);
  const order: number[] = [];
  while (order.length < settings.size) {
    const row = rows.next().value as number;
    taken[row] = 1;
    order.push(candidates.rows[row]);
  }
  const { entities, units, groups } = candidates;
  const table = toTable({ entity: entities, unit: units, group: groups, taken });
  return {
    rows: order,
    candidates: candidates.chances.length,
    entities: compareShares(table, ["entity"]),
    units: compareShares(table, ["entity", "unit"]),
  };
}

/** What the order needs of each row that may be drawn. */
interface Candidates {
  /** Its number in the file. */
  readonly rows: readonly number[];
  readonly entities: readonly string[];
  readonly units: readonly string[];
  readonly groups: readonly string[];
  /** From 0 to 1, by hash. */
  readonly chances: readonly number[];
}

async function readCandidates(file: TableFile, split: Split, seed: number): Promise<Candidates> {
  const [rows, entities, units, groups, chances]: [number[], string[], string[], string[], number[]] = [
    [],
    [],
    [],
    [],
    [],
  ];
  const word = interner();
  const hasGroups = file.columns.includes("group_id");
  let first = 0;
  for await (const block of file.blocks()) {
    const sides = split.sidesOf(block);
    const [links, names, values] = ["image_link", "entity_name", "entity_value"].map((name) => block.column(name));
    const ids = hasGroups ? block.column("group_id") : undefined;
    for (let i = 0; i < block.rowCount; i++) {
      if (sides[i] === "val") continue;
      rows.push(first + i);
      entities.push(word(names[i]));
      units.push(word(readLabel(values[i]).unit));
      groups.push(word(ids?.[i] ?? ""));
      chances.push(hashFraction(`sample ${seed} ${names[i]} ${links[i]}`));
    }
    first += block.rowCount;
  }
  return { rows, entities, units, groups, chances };
}

/** Gives one string for all that are equal: a cell by itself is a view that keeps its stretch of the file in memory. */
function interner(): (text: string) => string {
  const words = new Map<string, string>();
  return (text) => {
    const known = words.get(text);
    if (known !== undefined) return known;
    words.set(text, text);
    return text;
  };
}

/** Rows, by number among the candidates, in the order in which they are drawn, made as they are asked for. */
interface Ordered {
  readonly rows: Iterator<number, unknown>;
  readonly count: number;
}

interface Level {
  /** What tells the parts of a set of rows apart. */
  readonly keys: readonly string[];
  readonly share: Share;
  /** Most rows of one part. */
  readonly most: number | null;
}

function orderRows({ chances, entities, units, groups }: Candidates, settings: SampleSettings): Ordered {
  const chance = (row: number) => chances[row];
  const order = (rows: readonly number[], [level, ...deeper]: readonly Level[]): Ordered => {
    if (!level) return { rows: sorted(rows, chance), count: rows.length };
    const parts = partsOf(rows, level.keys).map((part) => limit(order(part, deeper), level.most));
    const sources = parts.map((part) => ({ rows: part.rows, weight: weightOf(level.share, part.count) }));
    return { rows: interleave(sources, chance), count: parts.reduce((sum, { count }) => sum + count, 0) };
  };
  return order(
    [...chances.keys()],
    [
      { keys: entities, share: settings.entities, most: null },
      { keys: units, share: settings.units, most: settings.max_of_unit },
      { keys: groups, share: settings.groups, most: settings.max_of_group },
    ],
  );
}

function* sorted(rows: readonly number[], chance: (row: number) => number): Generator<number> {
  yield* rows.toSorted((a, b) => chance(a) - chance(b) || a - b);
}

function limit({ rows, count }: Ordered, most: number | null): Ordered {
  return most === null || count <= most ? { rows, count } : { rows: take(rows, most), count: most };
}

function* take(rows: Iterator<number, unknown>, most: number): Generator<number> {
  for (let i = 0; i < most; i++) {
    const { done, value } = rows.next();
    if (done) return;
    yield value;
  }
}

function partsOf(rows: readonly number[], keys: readonly string[]): number[][] {
  const parts = new Map<string, number[]>();
  for (const row of rows) {
    const part = parts.get(keys[row]);
    if (part) part.push(row);
    else parts.set(keys[row], [row]);
  }
  return [...parts.values()];
}

function weightOf(share: Share, rows: number): number {
  return { uniform: 1, sqrt: Math.sqrt(rows), proportional: rows }[share];
}

function compareShares(rows: ColumnTable, by: readonly string[]): SampleShare[] {
  const all = rows.groupby(...by).rollup({ rows: op.count(), groups: op.distinct("group"), taken: op.sum("taken") });
  const taken = rows
    .filter("row => row.taken === 1")
    .groupby(...by)
    .rollup({ groups_taken: op.distinct("group") });
  return all
    .join_left(taken, [[...by], [...by]])
    .orderby(...by)
    .objects()
    .map((line) => ({ ...(line as SampleShare), groups_taken: (line as SampleShare).groups_taken ?? 0 }));
}

function tooFew(path: string, { size }: SampleSettings, found: number, candidates: number): InputError {
  const capped = found < candidates ? ` (${candidates} without sample.max_of_unit and sample.max_of_group)` : "";
  return new InputError(`${path}: ${size} rows are asked for, and ${found} can be drawn${capped}`, {
    hint: found === 0 ? "all rows are val: choose another split" : `ask for at most --size ${found}`,
  });
}
