import { op } from "arquero";
import { isEntity } from "../challenge/entities.ts";
import { readLabel } from "../challenge/label.ts";
import { InputError } from "../util/errors.ts";
import { type CodedColumn, type CodedRows, readCodedRows } from "./stats/coded-rows.ts";
import { type HistogramBin, histogram, quantile } from "./stats/numbers.ts";
import { type ForeignUnitStats, foreignUnitStats, type OddLabelStats, oddLabelStats } from "./stats/odd-labels.ts";
import { countKeys, leftOf, pairKeys } from "./stats/ranked-keys.ts";
import { countLinks, type RepeatStats } from "./stats/repeats.ts";
import { mostFirst, rollUp } from "./stats/roll-up.ts";
import { findStatements, type Statement } from "./stats/statements.ts";
import { type UnitStats, unitStats } from "./stats/units.ts";
import type { TableFile } from "./table.ts";

/** What is in a table of rows. Lists begin with what has most rows, and nothing depends on the order of the file. */
export interface TableStats {
  readonly columns: readonly string[];
  readonly rows: number;
  /** Different image links. */
  readonly links: number;
  readonly entities: readonly EntityStats[];
  readonly repeats: RepeatStats;
  /** Null without the column `group_id`. */
  readonly groups: GroupStats | null;
  /** Null without the column `entity_value`. */
  readonly labels: LabelStats | null;
}

export interface EntityStats {
  readonly entity: string;
  /** Whether it is one of the challenge's. */
  readonly known: boolean;
  readonly rows: number;
  /** Of all rows. */
  readonly share: number;
  /** Different image links. */
  readonly links: number;
  /** Different groups; null without the column. */
  readonly groups: number | null;
  /** Different values, as written; null without the column. */
  readonly values: number | null;
  /** The commonest of them. */
  readonly top_values: readonly { readonly value: string; readonly rows: number }[];
}

export interface GroupStats {
  readonly count: number;
  /** Rows of a group. */
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly largest: readonly { readonly group: string; readonly rows: number }[];
  /** Groups by their rows. */
  readonly histogram: readonly HistogramBin[];
}

export interface LabelStats {
  /** Rows without a value. */
  readonly empty: number;
  readonly units: readonly UnitStats[];
  readonly odd: OddLabelStats;
  readonly foreign_units: ForeignUnitStats;
}

const LARGEST_GROUPS = 10;
const TOP_VALUES = 5;

/**
 * Counts what is in a table with the columns `image_link` and `entity_name`; `entity_value` and `group_id` may lack. The
 * file is read once; 20 bytes of a row are kept, and each text but the links once.
 * @throws InputError naming the line of what is wrong, and when the table has no rows
 */
export async function tableStats(table: TableFile): Promise<TableStats> {
  const rows = await readCodedRows(table);
  if (rows.rowCount === 0)
    throw new InputError(`${table.path}: has a header and no rows`, { hint: "add at least one row" });
  const statements = findStatements(rows);
  const { links, linksOf, ...repeats } = countLinks(rows, statements);
  const list = mostFirst(statements.list, "entity", "value");
  return {
    columns: table.columns,
    rows: rows.rowCount,
    links,
    entities: entityStats(rows, list, linksOf),
    repeats,
    groups: rows.groups ? groupStats(rows.groups) : null,
    labels: rows.values ? labelStats(list) : null,
  };
}

function entityStats(
  { rowCount, entities, groups, values }: CodedRows,
  statements: readonly Statement[],
  linksOf: ReadonlyMap<string, number>,
): readonly EntityStats[] {
  const groupsOf = groups && countGroupsOf(entities, groups);
  const lines = rollUp<Statement, "entity", ValueLists>(statements, ["entity"], {
    rows: op.sum("rows"),
    values: op.array_agg("value"),
    counts: op.array_agg("rows"),
  });
  const stats = lines.map(({ entity, rows, ...said }) => {
    const ofValues = said.values
      .map((value, i) => ({ value, rows: said.counts[i] }))
      .filter(({ value }) => value !== "");
    return {
      ...{ entity, known: isEntity(entity), rows, share: rows / rowCount, links: linksOf.get(entity)! },
      groups: groupsOf?.get(entity) ?? null,
      values: values ? ofValues.length : null,
      top_values: ofValues.slice(0, TOP_VALUES),
    };
  });
  return mostFirst(stats, "entity");
}

/** Values with their rows, those of most rows first. */
interface ValueLists {
  readonly rows: number;
  readonly values: readonly string[];
  readonly counts: readonly number[];
}

function countGroupsOf(entities: CodedColumn, groups: CodedColumn): ReadonlyMap<string, number> {
  const width = groups.texts.length;
  const { keys } = countKeys(pairKeys(entities.codes, groups.codes, width));
  const pairs = Array.from(keys, (key) => ({ entity: entities.texts[leftOf(key, width)] }));
  const lines = rollUp<(typeof pairs)[0], "entity", { groups: number }>(pairs, ["entity"], { groups: op.count() });
  return new Map(lines.map(({ entity, groups }) => [entity, groups]));
}

function groupStats({ texts, codes }: CodedColumn): GroupStats {
  const sizes = new Uint32Array(texts.length);
  for (const code of codes) sizes[code]++;
  const ascending = Array.from(sizes.slice().sort(), (number) => ({ number, count: 1 }));
  const groups = mostFirst(
    texts.map((group, code) => ({ group, rows: sizes[code] })),
    "group",
  );
  return {
    count: texts.length,
    min: groups.at(-1)!.rows,
    median: quantile(ascending, 0.5)!,
    max: groups[0].rows,
    largest: groups.slice(0, LARGEST_GROUPS),
    histogram: histogram(ascending),
  };
}

function labelStats(statements: readonly Statement[]): LabelStats {
  const labelled = statements.map((statement) => ({ ...statement, label: readLabel(statement.value) }));
  const odd = oddLabelStats(labelled);
  return { empty: odd.by_form.empty, units: unitStats(labelled), odd, foreign_units: foreignUnitStats(labelled) };
}
