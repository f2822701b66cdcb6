import type { DataSettings, Share } from "../config/data-schema.ts";
import { InputError } from "../util/errors.ts";
import { textHash } from "../util/hash.ts";
import { memo } from "../util/memo.ts";
import { NumberList } from "../util/number-list.ts";
import { linksOf } from "./image-links.ts";
import { interleave } from "./interleave.ts";
import type { Split } from "./split.ts";
import type { Block } from "./table.ts";

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
export async function drawSample(
  path: string,
  blocks: AsyncIterable<UnitBlock>,
  split: Split,
  settings: SampleSettings,
): Promise<Sample> {
  const { groups, chances, count } = await readCandidates(blocks, split, settings.seed);
  const order = orderRows(groups, (row) => chances.at(row), settings);
  if (settings.size > order.count) throw tooFew(path, settings, order.count, count);
  const taken = new Uint8Array(chances.length);
  const rows: number[] = [];
  while (rows.length < settings.size) {
    const row = order.rows.next().value as number;
    taken[row] = 1;
    rows.push(row);
  }
  return {
    ...{ rows, candidates: count },
    entities: compareShares(groups, taken, ["entity"]),
    units: compareShares(groups, taken, ["entity", "unit"]),
  };
}

/** Rows that were read together, with the unit of each one's label; undefined for a row that is not to be drawn. */
export interface UnitBlock {
  readonly block: Block;
  readonly units: readonly (string | undefined)[];
}

/** Rows of one group with one unit of one entity, by their numbers in the file. */
interface Group {
  readonly entity: string;
  readonly unit: string;
  readonly group: string;
  readonly rows: number[];
}

interface Candidates {
  readonly groups: readonly Group[];
  /** From 0 to 1 for each row of the file, by hash. */
  readonly chances: NumberList;
  readonly count: number;
}

/** Of each row that may be drawn its number is kept, and of every row its chance: 16 bytes. */
async function readCandidates(blocks: AsyncIterable<UnitBlock>, split: Split, seed: number): Promise<Candidates> {
  const groups: Group[] = [];
  const makeGroup = (entity: string, unit: string, group: string) => {
    groups.push({ entity, unit, group, rows: [] });
    return groups.at(-1)!;
  };
  const groupOf = memo(
    (entity) => memo((unit) => memo((group) => makeGroup(entity, unit, group), Infinity), Infinity),
    Infinity,
  );
  const hashOf = memo((entity) => textHash(`sample ${seed} ${entity}`));
  const chances = new NumberList();
  let count = 0;
  for await (const { block, units } of blocks) {
    const sides = split.sidesOf(block);
    const [links, entities] = [linksOf(block), block.column("entity_name")];
    const ids = block.columns.includes("group_id") ? block.column("group_id") : undefined;
    for (let i = 0; i < block.rowCount; i++) {
      const row = chances.length;
      chances.push(hashOf(entities[i])(links[i]));
      const unit = units[i];
      if (sides[i] === "val" || unit === undefined) continue;
      groupOf(entities[i])(unit)(ids?.[i] ?? "").rows.push(row);
      count++;
    }
  }
  return { groups, chances, count };
}

/** Rows in the order in which they are drawn, made as they are asked for. */
interface Ordered {
  readonly rows: Iterator<number, unknown>;
  readonly count: number;
}

interface Level {
  /** What tells the parts of a set of groups apart. */
  readonly key: "entity" | "unit" | "group";
  readonly share: Share;
  /** Most rows of one part. */
  readonly most: number | null;
}

function orderRows(groups: readonly Group[], chance: (row: number) => number, settings: SampleSettings): Ordered {
  const order = (within: readonly Group[], [level, ...deeper]: readonly Level[]): Ordered => {
    if (!level) return { rows: sorted(within[0].rows, chance), count: within[0].rows.length };
    const parts = [...partsOf(within, level.key)].map((part) => limit(order(part, deeper), level.most));
    const sources = parts.map((part) => ({ rows: part.rows, weight: weightOf(level.share, part.count) }));
    return { rows: interleave(sources, chance), count: parts.reduce((sum, { count }) => sum + count, 0) };
  };
  return order(groups, [
    { key: "entity", share: settings.entities, most: null },
    { key: "unit", share: settings.units, most: settings.max_of_unit },
    { key: "group", share: settings.groups, most: settings.max_of_group },
  ]);
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

function partsOf(groups: readonly Group[], key: Level["key"]): Iterable<readonly Group[]> {
  const parts = new Map<string, Group[]>();
  for (const group of groups) {
    const part = parts.get(group[key]);
    if (part) part.push(group);
    else parts.set(group[key], [group]);
  }
  return parts.values();
}

function weightOf(share: Share, rows: number): number {
  return { uniform: 1, sqrt: Math.sqrt(rows), proportional: rows }[share];
}

/** Rows and groups, of all and of those taken, for each entity, or each unit of each; in order of names. */
function compareShares(
  groups: readonly Group[],
  taken: Uint8Array,
  keys: readonly ("entity" | "unit")[],
): SampleShare[] {
  const parts = new Map<string, { share: Mutable<SampleShare>; all: Set<string>; taken: Set<string> }>();
  for (const group of groups) {
    const named = { entity: group.entity, ...(keys.includes("unit") && { unit: group.unit }) };
    const name = keys.map((key) => group[key]).join("\n");
    const part = parts.get(name) ?? { share: { ...named, ...NOTHING }, all: new Set(), taken: new Set() };
    parts.set(name, part);
    const drawn = group.rows.reduce((sum, row) => sum + taken[row], 0);
    part.share.rows += group.rows.length;
    part.share.taken += drawn;
    part.share.groups = part.all.add(group.group).size;
    if (drawn > 0) part.share.groups_taken = part.taken.add(group.group).size;
  }
  return [...parts.keys()].sort().map((name) => parts.get(name)!.share);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const NOTHING = { rows: 0, taken: 0, groups: 0, groups_taken: 0 };

function tooFew(path: string, { size }: SampleSettings, found: number, candidates: number): InputError {
  const capped = found < candidates ? ` (${candidates} without sample.max_of_unit and sample.max_of_group)` : "";
  return new InputError(`${path}: ${size} rows are asked for, and ${found} can be drawn${capped}`, {
    hint: found === 0 ? "all rows are val: choose another split" : `ask for at most --size ${found}`,
  });
}
