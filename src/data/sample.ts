import { type ColumnTable, op, table as toTable } from "arquero";
import { readLabel } from "../challenge/label.ts";
import type { DataSettings, Share } from "../config/data-schema.ts";
import { InputError } from "../util/errors.ts";
import { hashFraction } from "../util/hash.ts";
import { memo } from "../util/memo.ts";
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
  const { order, leaves } = orderRows(candidates, settings);
  const { length } = candidates.rows;
  if (settings.size > order.count) throw tooFew(file.path, settings, order.count, length);
  const taken = new Uint8Array(length);
  const rows: number[] = [];
  while (rows.length < settings.size) {
    const row = order.rows.next().value as number;
    taken[row] = 1;
    rows.push(candidates.rows[row]);
  }
  const counted = countLeaves(leaves, candidates, taken);
  return {
    ...{ rows, candidates: length },
    ...{ entities: sumLeaves(counted, ["entity"]), units: sumLeaves(counted, ["entity", "unit"]) },
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
  const word = memo((text: string) => text); // one string for all cells that are equal: a cell keeps its block in memory
  const unitOf = memo((cell: string) => word(readLabel(cell).unit));
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
      units.push(unitOf(values[i]));
      groups.push(word(ids?.[i] ?? ""));
      chances.push(hashFraction(`sample ${seed} ${names[i]} ${links[i]}`));
    }
    first += block.rowCount;
  }
  return { rows, entities, units, groups, chances };
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

/** The order, and the rows of each group of each unit of each entity. */
function orderRows({ chances, entities, units, groups }: Candidates, settings: SampleSettings) {
  const chance = (row: number) => chances[row];
  const leaves: (readonly number[])[] = [];
  const order = (rows: readonly number[], [level, ...deeper]: readonly Level[]): Ordered => {
    if (!level) {
      leaves.push(rows);
      return { rows: sorted(rows, chance), count: rows.length };
    }
    const parts = partsOf(rows, level.keys).map((part) => limit(order(part, deeper), level.most));
    const sources = parts.map((part) => ({ rows: part.rows, weight: weightOf(level.share, part.count) }));
    return { rows: interleave(sources, chance), count: parts.reduce((sum, { count }) => sum + count, 0) };
  };
  const levels: readonly Level[] = [
    { keys: entities, share: settings.entities, most: null },
    { keys: units, share: settings.units, most: settings.max_of_unit },
    { keys: groups, share: settings.groups, most: settings.max_of_group },
  ];
  return { order: order([...chances.keys()], levels), leaves };
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

/** A line for each leaf: a quarter of a million rows are a few thousand of them. */
function countLeaves(leaves: readonly (readonly number[])[], candidates: Candidates, taken: Uint8Array): ColumnTable {
  return toTable({
    entity: leaves.map(([row]) => candidates.entities[row]),
    unit: leaves.map(([row]) => candidates.units[row]),
    group: leaves.map(([row]) => candidates.groups[row]),
    rows: leaves.map((rows) => rows.length),
    taken: leaves.map((rows) => rows.reduce((sum, row) => sum + taken[row], 0)),
  });
}

function sumLeaves(leaves: ColumnTable, by: readonly string[]): SampleShare[] {
  const taken = leaves.filter("leaf => leaf.taken > 0");
  const count = (name: string, of: ColumnTable) => of.groupby(...by).rollup({ [name]: op.distinct("group") });
  return leaves
    .groupby(...by)
    .rollup({ rows: op.sum("rows"), taken: op.sum("taken") })
    .join(count("groups", leaves), [[...by], [...by]])
    .join_left(count("groups_taken", taken), [[...by], [...by]])
    .impute({ groups_taken: () => 0 })
    .orderby(...by)
    .objects() as SampleShare[];
}

function tooFew(path: string, { size }: SampleSettings, found: number, candidates: number): InputError {
  const capped = found < candidates ? ` (${candidates} without sample.max_of_unit and sample.max_of_group)` : "";
  return new InputError(`${path}: ${size} rows are asked for, and ${found} can be drawn${capped}`, {
    hint: found === 0 ? "all rows are val: choose another split" : `ask for at most --size ${found}`,
  });
}
